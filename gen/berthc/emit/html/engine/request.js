/**
 * From JSON to a request. All that makes a request malformed is found here, before anything
 * happens. What a well-formed request may not ask is the manager's to say.
 */
import {Malformed} from "./faults.js";
import {isUuidText} from "./labels.js";
import {byName, get, targetOf} from "./program.js";
import {NoInteger} from "./text.js";
import {limitsOf} from "./values.js";

/**
 * @typedef {import("./tables.js").Tables} Tables
 * @typedef {import("./tables.js").Field} Field
 * @typedef {import("./tables.js").Operation} Operation
 * @typedef {import("./rows.js").Outcome} Outcome
 */

/** A UUID as the request wrote it. It is looked up once the whole request is well-formed. */
export class UuidText {
    /** @param {string} text */
    constructor(text) {
        this.text = text;
    }
}

/**
 * @typedef {boolean | bigint | string | UuidText | readonly string[]} Unbound
 * @typedef {Map<string, Unbound>} Fields
 * @typedef {{hook: string, nth: bigint | null, outcome: Outcome}} Failure
 */

/**
 * @typedef {object} NewRequest
 * @property {"new"} verb
 * @property {Fields} options
 * @property {string[]} without
 *
 * @typedef {object} DrainRequest
 * @property {"drain"} verb
 * @property {Failure[]} fail
 *
 * @typedef {object} DiscardRequest
 * @property {"discard"} verb
 * @property {string | null} root
 * @property {Fields} fields
 *
 * @typedef {object} RunRequest
 * @property {"run"} verb
 * @property {Operation} operation
 * @property {Map<string, Fields>} config
 * @property {string | null} reservation
 * @property {Fields | null} by  leaves
 * @property {Map<string, bigint> | null} at
 * @property {Failure[]} fail
 *
 * @typedef {NewRequest | DrainRequest | DiscardRequest | RunRequest} Request
 */

/**
 * Throws Malformed.
 *
 * @param {Tables} tables
 * @param {unknown} value
 * @returns {Request}
 */
export function readRequest(tables, value) {
    const members = membersOf("a request", value);
    const op = take(members, "op");
    if (typeof op !== "string")
        throw new Malformed("op must be a string");
    const operation = tables.operations.find(one => one.name === op);
    if (tables.store)
        readStored(tables, operation, op, members);
    const request = operation !== undefined ? readOperation(tables, operation, members)
        : op === "new" ? readNew(tables, members)
        : op === "drain" ? readDrain(tables, members)
        : op === "discard" ? readDiscard(tables, members)
        : unknown("op", op);
    for (const name of members.keys())
        unknown("argument", name);
    return request;
}

/**
 * What only managers with a store understand. There is no store here. So an owner changes nothing,
 * and what needs a store is refused by its name.
 *
 * @param {Tables} tables
 * @param {Operation | undefined} operation
 * @param {string} op
 * @param {Map<string, unknown>} members
 */
function readStored(tables, operation, op, members) {
    if (operation?.owner && members.has("owner") && typeof take(members, "owner") !== "string")
        throw new Malformed("owner must be a string");
    const needs = operation === undefined && op === "recover" ? op
        : ["die", "refuse", "id"].find(one => members.has(one) && !operation?.path.includes(one));
    if (needs !== undefined)
        throw new Malformed(`${needs} needs a store, and here is none; `
            + `${tables.name}-sim and berthc sim play it`);
}

/**
 * The backend's script: the first entry that fits a call decides. Without one, it ends well.
 *
 * @param {Tables} tables
 * @param {readonly Failure[]} fail
 * @returns {import("./rows.js").Outcomes}
 */
export function scriptOf(tables, fail) {
    return (hook, nth) => {
        const fits = fail.find(one => one.hook === hook
            && (one.nth === null || one.nth === BigInt(nth)));
        if (fits !== undefined)
            return fits.outcome;
        return {kind: asks(tables, hook) ? "yes" : "ok", error: null, writes: "new"};
    };
}

/**
 * @param {Tables} tables
 * @param {string} hook
 */
function asks(tables, hook) {
    return tables.hooks.some(one => one.name === hook && one.asks.length > 0);
}

/**
 * @param {Tables} tables
 * @param {Map<string, unknown>} members
 * @returns {NewRequest}
 */
function readNew(tables, members) {
    const options = members.has("options")
        ? readFields("options", tables.options, take(members, "options")) : new Map();
    const without = members.has("without")
        ? itemsOf("without", take(members, "without")).map(name => readHook(tables, name)) : [];
    return {verb: "new", options, without};
}

/**
 * @param {Tables} tables
 * @param {Map<string, unknown>} members
 * @returns {DrainRequest}
 */
function readDrain(tables, members) {
    return {verb: "drain", fail: readFail(tables, members)};
}

/**
 * @param {Tables} tables
 * @param {Map<string, unknown>} members
 * @returns {DiscardRequest}
 */
function readDiscard(tables, members) {
    readFail(tables, members);
    const root = tables.resources.find(one => one.parent === undefined && members.has(one.name));
    return root === undefined ? {verb: "discard", root: null, fields: new Map()} : {
        verb: "discard", root: root.name,
        fields: readFields(root.name, root.fields, take(members, root.name)),
    };
}

/**
 * @param {Tables} tables
 * @param {Operation} operation
 * @param {Map<string, unknown>} members
 * @returns {RunRequest}
 */
function readOperation(tables, operation, members) {
    const resources = byName(tables.resources);
    const target = get(resources, targetOf(operation));
    const assigned = byName(target.assigned);
    /** @type {RunRequest} */
    const request = {verb: "run", operation, config: new Map(), reservation: null, by: null,
        at: null, fail: readFail(tables, members)};
    if (operation.form === "with") {
        const given = take(members, "reservation");
        if (typeof given !== "string")
            throw new Malformed("reservation must be a string");
        request.reservation = given;
    } else if (operation.by !== undefined) {
        request.by = readLeaves(tables, get(assigned, operation.by), take(members, operation.by));
    } else {
        for (const name of operation.path) {
            if (members.has(name) && name !== operation.at) {
                const {fields} = get(resources, name);
                request.config.set(name, readFields(name, fields, take(members, name)));
            }
        }
    }
    if (operation.at !== undefined)
        request.at = readSlot(tables, get(assigned, operation.at), take(members, operation.at));
    return request;
}

/**
 * The leaves of a value that a `find … by` looks for.
 *
 * @param {Tables} tables
 * @param {import("./tables.js").Assigned} assigned
 * @param {unknown} value
 * @returns {Fields}
 */
function readLeaves(tables, assigned, value) {
    if (assigned.type === undefined)
        return readSlot(tables, assigned, value);
    const field = {name: assigned.name, type: assigned.type, brief: "", line: 0};
    return new Map([[assigned.name, readValue(field, value)]]);
}

/**
 * Parts that are left out are 0.
 *
 * @param {Tables} tables
 * @param {import("./tables.js").Assigned} pool
 * @param {unknown} value
 */
function readSlot(tables, pool, value) {
    const given = membersOf(pool.name, value);
    const slot = new Map(pool.parts.map(part => {
        const most = greatestOf(tables, part) - 1n;
        // the narrowest unsigned type that holds the part's greatest value
        const type = most <= 0xffn ? "u8" : most <= 0xffffn ? "u16" : "u32";
        const number = given.has(part.name) ? readInteger(part.name, type, take(given, part.name))
            : 0n;
        return [part.name, number];
    }));
    for (const name of given.keys())
        unknown(`part of ${pool.name}`, name);
    return slot;
}

/**
 * The greatest size that a part of a pool can have.
 *
 * @param {Tables} tables
 * @param {import("./tables.js").PoolPart} part
 */
function greatestOf(tables, part) {
    if (part.option === undefined)
        return BigInt(part.size || 0);
    const option = get(byName(tables.options), part.option);
    const limits = limitsOf(option.type);
    return option.range !== undefined ? BigInt(option.range[1]) : limits === null ? 0n : limits[1];
}

/**
 * @param {string} of
 * @param {readonly Field[]} fields
 * @param {unknown} value
 * @returns {Fields}
 */
function readFields(of, fields, value) {
    const known = byName(fields);
    return new Map([...membersOf(of, value)].map(([name, given]) => {
        const field = known.get(name);
        return field === undefined ? unknown(`field of ${of}`, name)
            : [name, readValue(field, given)];
    }));
}

/**
 * A value that the field's type can hold. Whether the field takes it is not asked here.
 *
 * @param {Field} field
 * @param {unknown} value
 * @returns {Unbound}
 */
function readValue(field, value) {
    const {name, type} = field;
    if (type === "bool") {
        if (typeof value !== "boolean")
            throw new Malformed(`${name} must be true or false`);
        return value;
    }
    if (type === "list" || type === "set") {
        const items = itemsOf(name, value);
        if (!items.every(isString))
            throw new Malformed(`${name} must be an array of strings`);
        return items;
    }
    if (limitsOf(type) !== null)
        return readInteger(name, type, value);
    if (typeof value !== "string")
        throw new Malformed(`${name} must be a string`);
    if (type === "enum" && !(field.values || []).includes(value))
        throw new Malformed(`${name} must be one of ${(field.values || []).join(", ")}`);
    if (type !== "uuid")
        return value;
    if (!isUuidText(value))
        throw new Malformed(`${name} must be a label like "u1", "nil" or a UUID`);
    return new UuidText(value);
}

/**
 * @param {unknown} value
 * @returns {value is string}
 */
function isString(value) {
    return typeof value === "string";
}

/**
 * Pages give numbers, and BigInts where these are not exact.
 *
 * @param {string} name
 * @param {import("./tables.js").Type} type
 * @param {unknown} value
 */
function readInteger(name, type, value) {
    const [low, high] = limitsOf(type) || [0n, 0n];
    const number = typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : value;
    if (typeof number !== "bigint" || number < low || number > high)
        throw new Malformed(`${name} must be an integer from ${low} to ${high}`);
    return number;
}

/**
 * @param {Tables} tables
 * @param {Map<string, unknown>} members
 * @returns {Failure[]}
 */
function readFail(tables, members) {
    return members.has("fail")
        ? itemsOf("fail", take(members, "fail")).map(entry => readFailure(tables, entry)) : [];
}

/**
 * @param {Tables} tables
 * @param {unknown} entry
 * @returns {Failure}
 */
function readFailure(tables, entry) {
    const members = typeof entry === "string" ? new Map([["hook", /** @type {unknown} */ (entry)]])
        : membersOf("an entry of fail", entry);
    const hook = readHook(tables, take(members, "hook"));
    const kinds = asks(tables, hook) ? ["yes", "no", "unknown"] : ["ok", "fail", "uncertain"];
    const usual = asks(tables, hook) ? "unknown" : "fail";
    const kind = readWord("outcome", kinds, members, usual);
    const good = kind === "ok" || kind === "yes" || kind === "no";
    if (good && members.has("error"))
        throw new Malformed(`a call that ends ${kind} has no error`);
    const error = good ? null : readWord("error", tables.errors, members, "EIO");
    const writes = /** @type {Outcome["writes"]} */ (
        readWord("writes", ["new", "last", "zero", "nothing"], members, "new"));
    const nth = members.has("nth") ? readInteger("nth", "u64", take(members, "nth")) : null;
    if (nth === 0n)
        throw new Malformed("nth counts from 1");
    for (const name of members.keys())
        unknown("argument", name);
    return {hook, nth, outcome: {kind, error, writes}};
}

/**
 * One of some words, or the usual one where it is left out.
 *
 * @param {string} name
 * @param {readonly string[]} words
 * @param {Map<string, unknown>} members
 * @param {string} usual
 */
function readWord(name, words, members, usual) {
    const word = members.has(name) ? take(members, name) : usual;
    return typeof word === "string" && words.includes(word) ? word : unknown(name, word);
}

/**
 * @param {Tables} tables
 * @param {unknown} value
 */
function readHook(tables, value) {
    const hook = tables.hooks.find(one => one.name === value);
    return hook === undefined ? unknown("hook", value) : hook.name;
}

/**
 * @param {Map<string, unknown>} members
 * @param {string} name
 */
function take(members, name) {
    if (!members.has(name))
        throw new Malformed(`${name} is missing`);
    const value = members.get(name);
    members.delete(name);
    return value;
}

/**
 * The members of an object, to be taken out one by one.
 *
 * @param {string} name
 * @param {unknown} value
 * @returns {Map<string, unknown>}
 */
function membersOf(name, value) {
    if (typeof value !== "object" || value === null || Array.isArray(value)
        || value instanceof NoInteger)
        throw new Malformed(`${name} must be an object`);
    return new Map(Object.entries(value));
}

/**
 * @param {string} name
 * @param {unknown} value
 * @returns {unknown[]}
 */
function itemsOf(name, value) {
    if (!Array.isArray(value))
        throw new Malformed(`${name} must be an array`);
    return value;
}

/**
 * @param {string} what
 * @param {unknown} value
 * @returns {never}
 */
function unknown(what, value) {
    const shown = typeof value === "string" ? `'${value.slice(0, 40)}'` : `of type ${typeof value}`;
    throw new Malformed(`unknown ${what} ${shown}`);
}
