/** Drain: drops everything, children before their parents. */
import {endIfFinal, fire} from "./rows.js";

/**
 * @typedef {import("./faults.js").Fault} Fault
 * @typedef {import("./rows.js").Draft} Draft
 */

/** Drops of one instance in one drain, where it has more states. */
const MOST_DROPS = 255;

/**
 * Drops everything as if every holder had dropped; the first error.
 *
 * @param {Draft} draft
 */
export function drain(draft) {
    /** @type {Fault | null} */
    let first = null;
    for (const root of draft.state.children(null)) {
        const tree = drainTree(draft, root.id);
        first = first || tree.first;
    }
    endEmptyReservations(draft);
    return first;
}

/**
 * What is below the instance, and then the instance.
 *
 * @param {Draft} draft
 * @param {number} id
 * @returns {{clear: boolean, first: Fault | null}} whether no drop failed, and the first error
 */
function drainTree(draft, id) {
    let clear = true;
    /** @type {Fault | null} */
    let first = null;
    for (const child of draft.state.children(id)) {
        const below = drainTree(draft, child.id);
        clear = clear && below.clear;
        first = first || below.first;
    }
    const instance = draft.state.get(id);
    const {drop: event, states} = draft.program.resource(instance.resource).table;
    if (!clear || instance.children > 0 || event === undefined)
        return {clear, first};
    for (let drops = Math.min(states.length, MOST_DROPS); drops > 0; drops--) {
        const before = draft.state.get(id).state;
        const fault = drop(draft, id, event);
        first = first || fault;
        const there = draft.state.instances.get(id);
        if (fault !== null || there === undefined || there.state === before)
            return {clear: fault === null, first};
    }
    return {clear, first};
}

/**
 * One drop for all holders.
 *
 * @param {Draft} draft
 * @param {number} id
 * @param {string} event
 */
function drop(draft, id, event) {
    const before = draft.state.get(id);
    const calls = draft.calls.length;
    const fault = fire(draft, id, event);
    if (fault === null)
        releaseAll(draft, id);
    else if (draft.calls.length === calls)
        undo(draft, before);
    endIfFinal(draft, id);
    return fault;
}

/**
 * A drop that fails before its first call leaves the instance as it was: S1 holds for each drop.
 *
 * @param {Draft} draft
 * @param {import("./state.js").Instance} before
 */
function undo(draft, before) {
    const {id, resource, state: to} = before;
    const {state: from} = draft.state.get(id);
    draft.state.change(id, before);
    if (from !== to)
        draft.note("undone", {resource, instance: id, from, to});
}

/**
 * @param {Draft} draft
 * @param {number} id
 */
function releaseAll(draft, id) {
    for (const [label, reservation] of [...draft.state.reservations]) {
        const level = reservation.path.indexOf(id);
        if (level >= 0)
            draft.state.unhold(label, level);
    }
    draft.state.change(id, {anonymous: 0});
}

/**
 * A reservation that holds nothing any more has ended.
 *
 * @param {Draft} draft
 */
function endEmptyReservations(draft) {
    for (const [label, {path, held}] of [...draft.state.reservations]) {
        if (!path.some((id, level) => held[level] && draft.state.instances.has(id)))
            draft.state.endReservation(label);
    }
}
