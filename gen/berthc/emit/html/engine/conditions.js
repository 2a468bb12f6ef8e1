/** Conditions, and texts with references in them. */
import {BrokenTable} from "./faults.js";
import {Uuid, identity, replaceUuids, uuidInText} from "./values.js";

/**
 * Finds the value that a reference names.
 *
 * @typedef {(ref: import("./tables.js").Ref) => import("./values.js").Value} Lookup
 */

/**
 * Whether a condition holds. Without one, it does.
 *
 * @param {import("./tables.js").Guard | undefined} guard
 * @param {Lookup} look
 * @returns {boolean}
 */
export function holds(guard, look) {
    if (guard === undefined)
        return true;
    const args = guard.args || [];
    switch (guard.op) {
    case "and":
        return args.every(arg => holds(arg, look));
    case "or":
        return args.some(arg => holds(arg, look));
    case "not":
        return !holds(args[0], look);
    default:
        return atomHolds(guard, look);
    }
}

/**
 * @param {import("./tables.js").Guard} atom
 * @param {Lookup} look
 */
function atomHolds(atom, look) {
    if (atom.ref === undefined)
        throw new BrokenTable(`a condition ${atom.op} without a name`);
    const value = look(atom.ref);
    const literal = atom.integer === undefined ? atom.word : BigInt(atom.integer);
    switch (atom.op) {
    case "true":
        return value === true;
    case "==":
        return value === literal;
    case "!=":
        return value !== literal;
    }
    if (typeof value !== "bigint" || typeof literal !== "bigint")
        throw new BrokenTable(`${atom.ref.scope}.${atom.ref.name} is no integer`);
    switch (atom.op) {
    case "<":
        return value < literal;
    case "<=":
        return value <= literal;
    case ">":
        return value > literal;
    default:
        return value >= literal;
    }
}

/**
 * The text of a format: the first whose condition holds, references filled in. UUIDs are written by
 * uuidInText().
 *
 * @param {import("./tables.js").Assigned} assigned
 * @param {Lookup} look
 */
export function formatted(assigned, look) {
    const text = assigned.texts.find(one => holds(one.guard, look));
    if (text === undefined)
        throw new BrokenTable(`no text of ${assigned.name} applies`);
    const parts = text.parts.map(part => typeof part === "string" ? part : textOf(look(part)));
    return replaceUuids(parts.join(""), uuidInText);
}

/** @param {import("./values.js").Value} value */
function textOf(value) {
    return value instanceof Uuid ? uuidInText(value) : identity(value);
}
