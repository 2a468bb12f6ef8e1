/**
 * Rows, and the hooks that they call, on a draft of the state. Functions change only the draft.
 * Whether the draft becomes the state is for world.js to say (S1); it looks at the calls.
 */
import {BrokenTable} from "./faults.js";
import {get} from "./program.js";
import {referencesOf} from "./state.js";
import {Uuid, identity, scriptedValue, zeroOf} from "./values.js";

/**
 * @typedef {import("./values.js").Value} Value
 * @typedef {import("./state.js").Instance} Instance
 * @typedef {import("./faults.js").Fault} Fault
 */

/**
 * How a call ends, and which out-values the hook writes.
 *
 * @typedef {object} Outcome
 * @property {string} kind  ok, fail or uncertain; yes, no or unknown of a hook that asks
 * @property {string | null} error
 * @property {"new" | "last" | "zero" | "nothing"} writes
 */

/**
 * The backend's script: hook, and the number of its call within this request, from 1.
 *
 * @typedef {(hook: string, nth: number) => Outcome} Outcomes
 */

/**
 * @typedef {object} Call
 * @property {string} hook
 * @property {string} outcome
 * @property {ReadonlyMap<string, Value>} args
 */

/**
 * Something that happened to an instance, for painting:
 *
 * - `row`: an event reached it. `row` is null where `otherwise` answered; `outcome` is that of the
 *   call, "ok" without a call, or "rejected"; `error` is the row's own.
 * - `released`: somebody else still holds it, so no row ran (S4).
 * - `made`, `ended`: it is tracked from here on, or no longer.
 * - `undone`: the operation failed before its first call, so all steps before this one did not
 *   happen. With an instance: its drop in a drain did, and it is in the state that it had.
 *
 * @typedef {object} Step
 * @property {"row" | "released" | "made" | "ended" | "undone"} kind
 * @property {string | null} row  its id
 * @property {string | null} resource
 * @property {number | null} instance  its id
 * @property {string | null} event
 * @property {string | null} hook
 * @property {string | null} outcome
 * @property {string | null} error
 * @property {string | null} from  state
 * @property {string | null} to  state
 */

/** Rows that raise each other without end would never release the root. */
const LONGEST_CHAIN = 10000;

/** What one operation has done so far. */
export class Draft {
    /**
     * @param {import("./program.js").Program} program
     * @param {import("./state.js").State} state  a copy
     * @param {Outcomes} outcomes
     */
    constructor(program, state, outcomes) {
        this.program = program;
        this.state = state;
        this.outcomes = outcomes;
        /** @type {Call[]} */
        this.calls = [];
        /** @type {Step[]} */
        this.steps = [];
        /** @type {Map<string, number>} calls by hook */
        this.called = new Map();
        /** @type {Map<number, Instance>} ended by this operation, as they were at the end */
        this.ended = new Map();
    }

    /**
     * @param {Step["kind"]} kind
     * @param {Partial<Step>} more
     */
    note(kind, more) {
        this.steps.push({kind, row: null, resource: null, instance: null, event: null, hook: null,
            outcome: null, error: null, from: null, to: null, ...more});
    }
}

/**
 * The event's row and all that it raises; the first error.
 *
 * @param {Draft} draft
 * @param {number} id
 * @param {string} event
 * @returns {Fault | null}
 */
export function fire(draft, id, event) {
    /** @type {Fault | null} */
    let first = null;
    /** @type {string | undefined} */
    let raised = event;
    for (let length = 0; raised !== undefined; length++) {
        if (length === LONGEST_CHAIN)
            throw new BrokenTable(`${draft.state.get(id).resource} raises events without end`);
        /** @type {{fault: Fault | null, raises: string | undefined}} */
        const {fault, raises} = runRow(draft, draft.state.get(id), raised);
        first = first || fault;
        raised = raises;
    }
    return first;
}

/**
 * One row: its error, and the event that it raises.
 *
 * @param {Draft} draft
 * @param {Instance} instance
 * @param {string} event
 * @returns {{fault: Fault | null, raises: string | undefined}}
 */
function runRow(draft, instance, event) {
    const {program, state} = draft;
    const {id, resource, state: from} = instance;
    const table = program.resource(resource);
    const row = table.row(from, event, lookFrom(draft, resource, instance.values, instance.parent));
    const hook = row === null ? undefined : row.call || row.ask;
    const leftOut = hook !== undefined && program.without.has(hook);
    const where = {resource, state: from, event};
    const step = {row: row && row.id, resource, instance: id, event, from};

    let reject = row === null ? table.table.otherwise : row.reject;
    if (leftOut)
        reject = get(program.hooks, hook).absent;
    if (row === null || reject !== undefined) {
        const error = reject || "";
        draft.note("row", {...step, outcome: "rejected", error, to: from});
        return {fault: {error, where}, raises: undefined};
    }

    const {kind, error} = hook !== undefined && !leftOut ? call(draft, instance, hook)
        : leftOut && row.ask !== undefined ? {kind: "unknown", error: "EOPNOTSUPP"}
        : {kind: "ok", error: null};
    const target = row.targets[kind];
    state.change(id, {state: target.state});
    draft.note("row", {...step, hook: hook || null, outcome: kind, error, to: target.state});
    return {
        fault: error === null ? null : {error, where: {...where, hook: hook || ""}},
        raises: target.raises,
    };
}

/**
 * Calls the hook, and gives the instance the values that it wrote: which target follows, and the
 * error.
 *
 * @param {Draft} draft
 * @param {Instance} instance
 * @param {string} hook
 * @returns {{kind: string, error: string | null}}
 */
function call(draft, instance, hook) {
    const nth = (draft.called.get(hook) || 0) + 1;
    draft.called.set(hook, nth);
    const {kind, error, writes} = draft.outcomes(hook, nth);
    draft.calls.push({hook, outcome: kind, args: argumentsOf(draft, instance)});
    const written = outValues(draft, instance, hook, writes);
    if (kind === "fail" || written.size === 0)
        return {kind, error};

    const namedBy = new Set(instance.namedBy);
    let taken = false;
    for (const assigned of get(draft.program.naming, hook)) {
        const value = /** @type {Value} */ (written.get(assigned.name));
        namedBy.delete(assigned.name);
        if (identity(value) === identity(zeroOf(assigned.type)))
            continue;
        const leaves = new Map([[assigned.name, value]]);
        const named = draft.state.findBy(instance.resource, assigned, leaves);
        if (named === null || named.id === instance.id)
            namedBy.add(assigned.name);
        else
            taken = true;
    }
    draft.state.change(instance.id,
        {values: new Map([...instance.values, ...written]), namedBy});
    return kind === "ok" && taken ? {kind: "uncertain", error: "EEXIST"} : {kind, error};
}

/**
 * The values that stand in the hook's out-values at the end of the call; none where it has none.
 *
 * @param {Draft} draft
 * @param {Instance} instance
 * @param {string} hook
 * @param {Outcome["writes"]} writes
 * @returns {ReadonlyMap<string, Value>}
 */
function outValues(draft, instance, hook, writes) {
    const {state} = draft;
    const outs = draft.program.resource(instance.resource).table.assigned
        .filter(assigned => assigned.hook === hook);
    if (outs.length === 0)
        return new Map();
    const nth = (state.hookCalls.get(hook) || 0) + 1;
    state.hookCalls.set(hook, nth);
    if (writes === "new") {
        state.hookNews.set(hook, new Map(outs.map(out =>
            [out.name, out.type === "uuid" ? newUuid(draft) : scriptedValue(out, nth)])));
    }
    if (writes === "nothing")
        return new Map(outs.map(({name}) => [name, get(instance.values, name)]));
    const zeros = new Map(outs.map(({name, type}) => [name, zeroOf(type)]));
    return writes === "zero" ? zeros : state.hookNews.get(hook) || zeros;
}

/**
 * What a hook is told: the instance's values, then its parents' where the names do not clash.
 *
 * @param {Draft} draft
 * @param {Instance} instance
 */
function argumentsOf(draft, instance) {
    /** @type {Map<string, Value>} */
    const args = new Map();
    for (const level of draft.state.upward(instance)) {
        for (const [name, value] of level.values) {
            if (!args.has(name))
                args.set(name, value);
        }
    }
    return args;
}

/**
 * Finds options, values of an instance, and of those above it.
 *
 * @param {Draft} draft
 * @param {string} resource
 * @param {ReadonlyMap<string, Value>} values
 * @param {number | null} parent
 * @returns {import("./conditions.js").Lookup}
 */
export function lookFrom(draft, resource, values, parent) {
    return ({scope, name}) => {
        if (scope === "option")
            return get(draft.program.options, name);
        if (scope === "field" || scope === resource)
            return get(values, name);
        for (let up = parent; up !== null; up = draft.state.get(up).parent) {
            const above = draft.state.get(up);
            if (above.resource === scope)
                return get(above.values, name);
        }
        throw new BrokenTable(`${scope}.${name} is not above ${resource}`);
    };
}

/**
 * A UUID that no other one equals.
 *
 * @param {Draft} draft
 */
export function newUuid(draft) {
    return new Uuid(`u${draft.state.nextUuid++}`);
}

/**
 * The caller's own hold goes, if it has one: that of its reservation, or an anonymous reference.
 *
 * @param {Draft} draft
 * @param {number} id
 * @param {string | null} reservation
 * @param {number} level  of the reservation's path
 */
export function release(draft, id, reservation, level) {
    const {anonymous} = draft.state.get(id);
    if (reservation !== null)
        draft.state.unhold(reservation, level);
    else if (anonymous > 0)
        draft.state.change(id, {anonymous: anonymous - 1});
}

/**
 * Does anybody but the caller hold the instance (S4)?
 *
 * @param {Instance} instance
 * @param {string | null} reservation
 */
export function isHeldByOthers(instance, reservation) {
    const own = reservation !== null ? 1 : Math.min(instance.anonymous, 1);
    return referencesOf(instance) + instance.children > own;
}

/**
 * An instance in a final state ends (S8).
 *
 * @param {Draft} draft
 * @param {number} id
 */
export function endIfFinal(draft, id) {
    const instance = draft.state.get(id);
    if (!draft.program.resource(instance.resource).final.has(instance.state))
        return;
    const gone = draft.state.end(instance);
    for (const each of gone)
        draft.ended.set(each.id, each);
    noteEnded(draft, gone);
}

/**
 * @param {Draft} draft
 * @param {Iterable<Instance>} gone
 */
export function noteEnded(draft, gone) {
    for (const {id, resource, state} of gone)
        draft.note("ended", {resource, instance: id, from: state});
}
