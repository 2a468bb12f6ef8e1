// A conversation as a link, and as lines of the protocol of docs/simulator.md.
import {parse, write} from "../engine/text.js";

/** @typedef {{who: string, request: Record<string, any>}} Step */

/**
 * Lines that `<manager>-sim` and `berthc sim` read.
 * @param {Step[]} steps
 */
export function toLines(steps) {
    return steps.map(({request}) => `${write(request)}\n`).join("");
}

/**
 * The requests of lines: of the protocol, or of a recorded trace. Throws with the number of a line
 * that is neither.
 * @param {string} text
 * @returns {Step[]}
 */
export function fromLines(text) {
    /** @type {Step[]} */
    const steps = [];
    text.split("\n").forEach((line, n) => {
        if (!line.trim())
            return;
        let value;
        try {
            value = plain(parse(line));
        } catch {
            throw new Error(`line ${n + 1} is no request: it must be one JSON object`);
        }
        // a line of a trace; a request may have a resource of that name
        const request = value && value.op === undefined && value.request ? value.request : value;
        if (!request || typeof request !== "object" || typeof request.op !== "string")
            throw new Error(`line ${n + 1} is no request: it has no "op"`);
        steps.push({who: "", request});
    });
    return steps;
}

/** Integers as numbers where these are exact. @param {any} value @returns {any} */
function plain(value) {
    if (typeof value === "bigint")
        return Number.isSafeInteger(Number(value)) ? Number(value) : value;
    if (Array.isArray(value))
        return value.map(plain);
    if (value === null || typeof value !== "object")
        return value;
    if (value instanceof Map)
        return Object.fromEntries([...value].map(([k, v]) => [k, plain(v)]));
    if (Object.getPrototypeOf(value) !== Object.prototype && Object.getPrototypeOf(value) !== null)
        return value;
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]));
}

/**
 * A text for an address: packed where the browser can, else as it is.
 * @param {Step[]} steps @param {number} at
 */
export async function toLink(steps, at) {
    const text = write([at, ...steps.map(({who, request}) => [who, request])]);
    if (typeof CompressionStream === "undefined")
        return `p${text}`;
    const packed = await through(
        new TextEncoder().encode(text),
        new CompressionStream("deflate-raw"),
    );
    return `z${toBase64(packed)}`;
}

/**
 * @param {string} link
 * @returns {Promise<{at: number, steps: Step[]}>}
 */
export async function fromLink(link) {
    const text = link.startsWith("z")
        ? new TextDecoder().decode(
            await through(fromBase64(link.slice(1)), new DecompressionStream("deflate-raw")))
        : link.slice(1);
    const [at, ...turns] = plain(parse(text));
    if (!Number.isInteger(at) || at < 0)
        throw new Error("no conversation");
    return {
        at,
        steps: turns.map((/** @type {[string, any]} */ [who, request]) => {
            if (typeof who !== "string" || !request || typeof request.op !== "string")
                throw new Error("no conversation");
            return {who, request};
        }),
    };
}

/** @param {Uint8Array} bytes @param {CompressionStream | DecompressionStream} stream */
async function through(bytes, stream) {
    const whole = /** @type {BlobPart} */ (bytes);
    const packed = new Blob([whole]).stream().pipeThrough(stream);
    return new Uint8Array(await new Response(packed).arrayBuffer());
}

/** @param {Uint8Array} bytes */
function toBase64(bytes) {
    let text = "";
    for (const byte of bytes)
        text += String.fromCharCode(byte);
    return btoa(text).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** @param {string} text */
function fromBase64(text) {
    const raw = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(raw, char => char.charCodeAt(0));
}
