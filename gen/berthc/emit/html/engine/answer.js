/** From a result to an answer of the protocol. UUIDs get their labels in the order of the text. */
import {referencesOf} from "./state.js";
import {Uuid, replaceUuids} from "./values.js";

/**
 * @typedef {import("./labels.js").Labels} Labels
 * @typedef {import("./values.js").Value} Value
 * @typedef {import("./world.js").World} World
 */

/**
 * An integer is a number where that is exact, and a BigInt beyond 2^53.
 *
 * @typedef {boolean | number | bigint | string | string[]} Shown
 * @typedef {Record<string, Shown>} ShownValues
 * @typedef {{[member: string]: Shown | ShownInstance[]}} ShownInstance
 *     values, `state`, `refs`, and the children by resource
 *
 * @typedef {object} Answer
 * @property {number} n
 * @property {boolean} ok
 * @property {string | null} error
 * @property {import("./faults.js").Where} [where]
 * @property {string} [message]  only of a malformed request, which has none of the following
 * @property {ShownValues} [returns]
 * @property {{hook: string, outcome: string, args: ShownValues}[]} [calls]
 * @property {{[member: string]: string[] | ShownInstance[]}} [state]
 */

/**
 * @param {number} n
 * @param {import("./world.js").Result} result
 * @param {World} world  after it
 * @param {Labels} labels
 * @returns {Answer}
 */
export function answerOf(n, result, world, labels) {
    const calls = result.calls.map(({hook, outcome, args}) =>
        ({hook, outcome, args: showValues(args, labels)}));
    const returns = showValues(result.returns, labels);
    const {fault} = result;
    return {
        n, ok: fault === null, error: fault === null ? null : fault.error,
        ...fault === null ? {} : {where: fault.where},
        returns, calls, state: showState(world, labels),
    };
}

/**
 * @param {number} n
 * @param {string} message
 * @returns {Answer}
 */
export function malformedAnswer(n, message) {
    return {n, ok: false, error: "EINVAL", message};
}

/**
 * @param {World} world
 * @param {Labels} labels
 */
function showState(world, labels) {
    /** @type {{[member: string]: string[] | ShownInstance[]}} */
    const shown = {reservations: [...world.state.reservations.keys()]};
    return Object.assign(shown, showBelow(world, null, undefined, labels));
}

/**
 * The instances below one (null: the roots), by resource.
 *
 * @param {World} world
 * @param {number | null} id
 * @param {string | undefined} resource
 * @param {Labels} labels
 * @returns {{[resource: string]: ShownInstance[]}}
 */
function showBelow(world, id, resource, labels) {
    const kinds = world.program.tables.resources.filter(table => table.parent === resource);
    const below = kinds.length > 0 ? world.state.children(id) : [];
    return Object.fromEntries(kinds.map(({name}) => [name, below
        .filter(instance => instance.resource === name).map(instance => ({
            ...showValues(instance.values, labels),
            state: instance.state,
            refs: referencesOf(instance),
            ...showBelow(world, instance.id, name, labels),
        }))]));
}

/**
 * @param {ReadonlyMap<string, Value>} values
 * @param {Labels} labels
 * @returns {ShownValues}
 */
function showValues(values, labels) {
    return Object.fromEntries([...values].map(([name, value]) => [name, showValue(value, labels)]));
}

/**
 * @param {Value} value
 * @param {Labels} labels
 * @returns {Shown}
 */
function showValue(value, labels) {
    if (typeof value === "bigint") {
        const number = Number(value);
        return Number.isSafeInteger(number) ? number : value;
    }
    if (value instanceof Uuid)
        return labels.shown(value);
    if (typeof value === "string")
        return value.includes("\0") ? replaceUuids(value, uuid => labels.shown(uuid)) : value;
    return typeof value === "object" ? [...value] : value;
}
