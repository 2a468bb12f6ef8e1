/** Values of options, fields and assigned values: zero, limits, equality. */

/**
 * A bool, an integer, a text (the word of an enum too), a UUID, or the texts of a list or set.
 * Integers are BigInts, because a u64 does not fit a number.
 *
 * @typedef {boolean | bigint | string | Uuid | readonly string[]} Value
 */

/** A UUID. Its text means nothing but itself; labels.js says how it is shown. */
export class Uuid {
    /** @param {string} text */
    constructor(text) {
        this.text = text;
    }
}

const ZERO_UUID = "00000000-0000-0000-0000-000000000000";

const UUID_IN_TEXT = new RegExp("\\0([^\\0]*)\\0"
    + "|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "g");

/** The all-zero UUID. */
export const NIL = new Uuid("nil");

const BITS = new Map([["u8", 8n], ["u16", 16n], ["u32", 32n], ["u64", 64n], ["i32", 32n],
    ["i64", 64n]]);

/**
 * Least and greatest value of an integer type; null for every other type.
 *
 * @param {import("./tables.js").Type} type
 * @returns {readonly [bigint, bigint] | null}
 */
export function limitsOf(type) {
    const bits = BITS.get(type);
    if (bits === undefined)
        return null;
    if (type.startsWith("i"))
        return [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n];
    return [0n, (1n << bits) - 1n];
}

/**
 * What a value of a type is before anybody sets it.
 *
 * @param {import("./tables.js").Type | undefined} type
 * @param {readonly string[]} [words]  of an enum
 * @returns {Value}
 */
export function zeroOf(type, words) {
    switch (type) {
    case "bool":
        return false;
    case "string":
        return "";
    case "enum":
        return words === undefined ? "" : words[0];
    case "uuid":
        return NIL;
    case "list":
    case "set":
        return [];
    default:
        return 0n;
    }
}

/**
 * What a field or option is when the caller leaves it out.
 *
 * @param {import("./tables.js").Field} field
 * @returns {Value}
 */
export function defaultOf(field) {
    const given = field.default;
    if (given === undefined || field.type === "uuid")
        return zeroOf(field.type, field.values);
    return typeof given === "string" && limitsOf(field.type) !== null ? BigInt(given) : given;
}

/**
 * Whether an operation takes the value; EINVAL where not.
 *
 * @param {import("./tables.js").Field} field
 * @param {Value} value  of the field's type
 */
export function isValid(field, value) {
    if (typeof value === "bigint") {
        const [low, high] = field.range === undefined ? [value, value] : field.range.map(BigInt);
        return low <= value && value <= high;
    }
    if (field.required && isEmpty(value))
        return false;
    const most = field.max_length;
    if (most === undefined)
        return true;
    const texts = typeof value === "string" ? [value] : Array.isArray(value) ? value : [];
    return texts.every(text => utf8Length(text) <= most);
}

/** @param {Value} value */
function isEmpty(value) {
    return value instanceof Uuid ? value.text === NIL.text
        : typeof value === "object" ? value.length === 0 : value === "";
}

/** @param {string} text */
export function utf8Length(text) {
    let length = 0;
    for (const character of text) {
        const point = /** @type {number} */ (character.codePointAt(0));
        length += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    }
    return length;
}

/**
 * A text that is the same for two values of a field exactly when they count as equal.
 *
 * @param {import("./tables.js").Field} field
 * @param {Value} value
 */
export function comparable(field, value) {
    /** @param {string} text */
    const folded = text => field.ignore_case ? lowered(text) : text;
    if (Array.isArray(value)) {
        const texts = value.map(folded);
        return JSON.stringify(field.type === "set" ? [...new Set(texts)].sort() : texts);
    }
    return typeof value === "string" ? folded(value) : identity(value);
}

/**
 * ASCII letters in lower case; all others stay.
 *
 * @param {string} text
 */
function lowered(text) {
    return text.replace(/[A-Z]/g, letter => letter.toLowerCase());
}

/**
 * The UUID that is written in full.
 *
 * @param {string} text
 */
export function uuidInFull(text) {
    return text === ZERO_UUID ? NIL : new Uuid(`uuid:${text.toLowerCase()}`);
}

/**
 * A UUID within a text, where its label is not yet known. No other text has a NUL.
 *
 * @param {Uuid} uuid
 */
export function uuidInText(uuid) {
    return `\0${uuid.text}\0`;
}

/**
 * A text with each UUID in it, in full or by uuidInText(), as it is shown.
 *
 * @param {string} text
 * @param {(uuid: Uuid) => string} shown
 */
export function replaceUuids(text, shown) {
    return text.replace(UUID_IN_TEXT, (found, inside) =>
        shown(inside === undefined ? uuidInFull(found) : inside === NIL.text ? NIL
            : new Uuid(inside)));
}

/**
 * A text that two values of one type have in common exactly when they are the same.
 *
 * @param {Value} value
 */
export function identity(value) {
    return value instanceof Uuid ? value.text : String(value);
}

/**
 * The out-value that the scripted backend gives with the n-th call of a hook since the manager was
 * made. Not for UUIDs.
 *
 * @param {import("./tables.js").Assigned} assigned
 * @param {number} nth
 * @returns {Value}
 */
export function scriptedValue(assigned, nth) {
    if (assigned.type === "bool")
        return nth % 2 === 1;
    const limits = assigned.type === undefined ? null : limitsOf(assigned.type);
    if (limits !== null) {
        const [low, high] = limits;
        return (BigInt(nth) - low) % (high - low + 1n) + low;
    }
    return `${assigned.name}-${nth}`.slice(0, assigned.max_length); // ASCII, a byte a character
}
