/** One operation on a draft of the state: arguments, policy, path, steps, results. */
import {holds} from "./conditions.js";
import {BrokenTable, Refused, refuse} from "./faults.js";
import {keyOf, make, restOf, slotOf, takenSlots} from "./making.js";
import {get, targetOf} from "./program.js";
import {endIfFinal, fire, isHeldByOthers, noteEnded, release} from "./rows.js";
import {referencesOf} from "./state.js";
import {defaultOf, isValid, zeroOf} from "./values.js";

/**
 * @typedef {import("./values.js").Value} Value
 * @typedef {import("./rows.js").Draft} Draft
 * @typedef {import("./tables.js").Operation} Operation
 * @typedef {import("./tables.js").Field} Field
 * @typedef {ReadonlyMap<string, ReadonlyMap<string, Value>>} Config  fields by resource
 */

/**
 * What the caller gave. A resource, field or part that is left out has its default.
 *
 * @typedef {object} Arguments
 * @property {Config} config
 * @property {string | null} reservation
 * @property {ReadonlyMap<string, Value> | null} by  leaves of the value
 * @property {ReadonlyMap<string, bigint> | null} at  parts of the slot
 */

/**
 * Runs it, and gives its results. Throws Refused.
 *
 * @param {Draft} draft
 * @param {Operation} operation
 * @param {Arguments} given
 * @returns {Map<string, Value>}
 */
export function runOperation(draft, operation, given) {
    const config = filledConfig(draft, operation, given.config);
    checkArguments(draft, operation, config, given);
    checkPolicy(draft, operation, config);
    const path = resolve(draft, operation, config, given);
    if (path === null)
        return zeroResults(draft, operation);
    const label = operation.gives ? draft.state.reserve(path) : given.reservation;
    for (const step of operation.steps)
        runStep(draft, operation, path, step, given.reservation);
    const results = readResults(draft, operation, path);
    if (operation.ends && label !== null)
        draft.state.endReservation(label);
    return operation.gives && label !== null ? new Map([["reservation", label], ...results])
        : results;
}

/**
 * Forgets the root that the key fields name. Throws Refused.
 *
 * @param {Draft} draft
 * @param {string} name
 * @param {ReadonlyMap<string, Value>} given
 */
export function discardRoot(draft, name, given) {
    const resource = draft.program.resource(name);
    const fields = filled(draft, name, given);
    checkFields(name, resource.keyInOrder, fields);
    const root = draft.state.find(name, null, keyOf(resource, fields));
    if (root === null)
        return refuse("ENOENT", {resource: name});
    noteEnded(draft, draft.state.forgetRoot(root));
}

// 1 Arguments

/** @param {Operation} operation */
function takesFields(operation) {
    return operation.form !== "with" && operation.by === undefined;
}

/**
 * Every level's fields, defaults filled in.
 *
 * @param {Draft} draft
 * @param {Operation} operation
 * @param {Config} config
 * @returns {Config}
 */
function filledConfig(draft, operation, config) {
    const levels = takesFields(operation) ? operation.path : [];
    return new Map(levels.map(name => [name, filled(draft, name, config.get(name) || new Map())]));
}

/**
 * @param {Draft} draft
 * @param {string} name
 * @param {ReadonlyMap<string, Value>} given
 * @returns {ReadonlyMap<string, Value>}
 */
function filled(draft, name, given) {
    return new Map(draft.program.resource(name).table.fields.map(field => {
        const value = given.get(field.name);
        return [field.name, value === undefined ? defaultOf(field) : value];
    }));
}

/**
 * @param {Draft} draft
 * @param {Operation} operation
 * @param {Config} config
 * @param {Arguments} given
 */
function checkArguments(draft, operation, config, given) {
    for (const [name, fields] of config) {
        const resource = draft.program.resource(name);
        checkFields(name, isFoundByKey(operation, name) ? resource.keyInOrder
            : resource.table.fields, fields);
    }
    if (operation.at === undefined)
        return;
    const target = targetOf(operation);
    if (slotOf(draft.program.resource(target), operation.at, given.at || new Map()) === null)
        refuse("EINVAL", {resource: target});
}

/**
 * Levels that are only found by their key need no more than that.
 *
 * @param {Operation} operation
 * @param {string} name
 */
function isFoundByKey(operation, name) {
    return operation.form === "find"
        || operation.form === "create" && name !== targetOf(operation);
}

/**
 * @param {string} resource
 * @param {readonly Field[]} fields
 * @param {ReadonlyMap<string, Value>} values
 */
function checkFields(resource, fields, values) {
    const wrong = fields.find(field => !isValid(field, get(values, field.name)));
    if (wrong !== undefined)
        refuse("EINVAL", {resource, field: wrong.name});
}

// 2 Policy

/**
 * @param {Draft} draft
 * @param {Operation} operation
 * @param {Config} config
 */
function checkPolicy(draft, operation, config) {
    /** @type {import("./conditions.js").Lookup} */
    const look = ({scope, name}) => {
        if (scope === "option")
            return get(draft.program.options, name);
        return get(get(config, scope === "field" ? targetOf(operation) : scope), name);
    };
    const denied = operation.deny.find(deny => holds(deny.guard, look));
    if (denied !== undefined)
        refuse(denied.error, {rule: denied.rule});
}

// 3 Resolving the path

/**
 * Ids of the path, root first; null where nothing is there and that is fine.
 *
 * @param {Draft} draft
 * @param {Operation} operation
 * @param {Config} config
 * @param {Arguments} given
 * @returns {readonly number[] | null}
 */
function resolve(draft, operation, config, given) {
    if (operation.form === "with")
        return reservedPath(draft, operation, given.reservation || "");
    const path = operation.form === "obtain" ? obtain(draft, operation, config)
        : operation.form === "create" ? create(draft, operation, config, given)
        : find(draft, operation, config, given);
    if (path !== null)
        checkHolders(draft, operation, path);
    return path;
}

/**
 * @param {Draft} draft
 * @param {Operation} operation
 * @param {string} label
 */
function reservedPath(draft, operation, label) {
    const reservation = draft.state.reservations.get(label);
    if (reservation === undefined)
        return refuse("ENOENT", {});
    if (!operation.ends && reservation.held.includes(false))
        refuse("ECANCELED", {});
    return reservation.path;
}

/**
 * @param {Draft} draft
 * @param {Operation} operation
 * @param {Config} config
 */
function obtain(draft, operation, config) {
    /** @type {number[]} */
    const path = [];
    for (const name of operation.path) {
        const resource = draft.program.resource(name);
        const fields = get(config, name);
        const parent = path.length > 0 ? path[path.length - 1] : null;
        const there = draft.state.find(name, parent, keyOf(resource, fields));
        if (there !== null)
            checkSame(resource, there, fields);
        const id = there !== null ? there.id
            : make(draft, resource, fields, parent, resource.table.initial, null);
        path.push(id);
        if (operation.gives && resource.table.take !== undefined)
            take(draft, resource, id, resource.table.take);
    }
    return path;
}

/**
 * @param {import("./program.js").ResourceProgram} resource
 * @param {import("./state.js").Instance} there
 * @param {ReadonlyMap<string, Value>} fields
 */
function checkSame(resource, there, fields) {
    const wanted = restOf(resource, fields);
    const differs = resource.rest.find((_, index) => there.rest[index] !== wanted[index]);
    if (differs !== undefined)
        refuse("EEXIST", {resource: resource.name, state: there.state, field: differs.name});
}

/**
 * @param {Draft} draft
 * @param {import("./program.js").ResourceProgram} resource
 * @param {number} id
 * @param {string} event
 */
function take(draft, resource, id, event) {
    const fault = fire(draft, id, event);
    if (fault !== null)
        throw new Refused(fault);
    if (resource.final.has(draft.state.get(id).state))
        throw new BrokenTable(`${resource.name}.${event} ends what it takes`);
}

/**
 * @param {Draft} draft
 * @param {Operation} operation
 * @param {Config} config
 * @param {Arguments} given
 */
function create(draft, operation, config, given) {
    const path = findKeys(draft, operation.path.slice(0, -1), config);
    const resource = draft.program.resource(targetOf(operation));
    const fields = get(config, resource.name);
    const parent = path.length > 0 ? path[path.length - 1] : null;
    const there = draft.state.find(resource.name, parent, keyOf(resource, fields));
    if (there !== null)
        refuse("EEXIST", {resource: resource.name, state: there.state});
    let named = null;
    if (operation.at !== undefined) {
        const slot = slotOf(resource, operation.at, given.at || new Map());
        if (slot === null || takenSlots(draft, resource, operation.at).has(slot))
            return refuse("EBUSY", {resource: resource.name});
        named = {pool: operation.at, slot};
    }
    return [...path, make(draft, resource, fields, parent, operation.enter || "", named)];
}

/**
 * @param {Draft} draft
 * @param {Operation} operation
 * @param {Config} config
 * @param {Arguments} given
 */
function find(draft, operation, config, given) {
    try {
        return operation.by === undefined ? findKeys(draft, operation.path, config)
            : findBy(draft, operation, operation.by, given.by || new Map());
    } catch (error) {
        if (error instanceof Refused && operation.absent_ok)
            return null;
        throw error;
    }
}

/**
 * @param {Draft} draft
 * @param {readonly string[]} names
 * @param {Config} config
 */
function findKeys(draft, names, config) {
    /** @type {number[]} */
    const path = [];
    for (const name of names) {
        const parent = path.length > 0 ? path[path.length - 1] : null;
        const key = keyOf(draft.program.resource(name), get(config, name));
        const there = draft.state.find(name, parent, key);
        path.push(there !== null ? there.id : refuse("ENOENT", {resource: name}));
    }
    return path;
}

/**
 * @param {Draft} draft
 * @param {Operation} operation
 * @param {string} by
 * @param {ReadonlyMap<string, Value>} leaves
 */
function findBy(draft, operation, by, leaves) {
    const target = targetOf(operation);
    const assigned = get(draft.program.resource(target).assigned, by);
    const there = draft.state.findBy(target, assigned, leaves);
    if (there === null)
        return refuse("ENOENT", {resource: target});
    return draft.state.upward(there).map(instance => instance.id).reverse();
}

/**
 * Whether all holders can be counted (S3). A child that the operation made is counted already.
 *
 * @param {Draft} draft
 * @param {Operation} operation
 * @param {readonly number[]} path
 */
function checkHolders(draft, operation, path) {
    operation.path.forEach((name, level) => {
        const instance = draft.state.get(path[level]);
        const {take: taking} = draft.program.resource(name).table;
        const takes = operation.steps.filter(s => s.resource === name && s.event === taking).length;
        const added = takes + (operation.gives ? 1 : 0);
        const holders = referencesOf(instance) + instance.children + added;
        if (holders > draft.program.maxHolders)
            refuse("EOVERFLOW", {resource: name});
    });
}

// 4 Steps

/**
 * @param {Draft} draft
 * @param {Operation} operation
 * @param {readonly number[]} path
 * @param {import("./tables.js").OperationStep} step
 * @param {string | null} reservation
 */
function runStep(draft, operation, path, step, reservation) {
    const {state} = draft;
    const level = operation.path.indexOf(step.resource);
    const id = path[level];
    const instance = state.instances.get(id);
    if (instance === undefined)
        return;
    if (reservation !== null && !state.reservation(reservation).held[level])
        return;
    const {drop, take: taking} = draft.program.resource(step.resource).table;
    const drops = step.event === drop;
    if (drops && isHeldByOthers(instance, reservation)) {
        draft.note("released", {resource: step.resource, instance: id, event: step.event,
            from: instance.state, to: instance.state});
        release(draft, id, reservation, level);
        return;
    }
    const fault = fire(draft, id, step.event);
    if (fault === null && drops)
        release(draft, id, reservation, level);
    else if (fault === null && step.event === taking && reservation === null)
        state.change(id, {anonymous: state.get(id).anonymous + 1});
    endIfFinal(draft, id);
    if (fault !== null)
        throw new Refused(fault);
}

// 5 Results

/**
 * Read at the end of the operation. An instance that has ended has the values that it had then.
 *
 * @param {Draft} draft
 * @param {Operation} operation
 * @param {readonly number[]} path
 * @returns {Map<string, Value>}
 */
function readResults(draft, operation, path) {
    return new Map(operation.returns.map(({scope, name}) => {
        const id = path[operation.path.indexOf(scope)];
        const instance = draft.state.instances.get(id) || draft.ended.get(id)
            || draft.state.ended.get(id);
        if (instance === undefined)
            throw new Error(`instance ${id} has left nothing`);
        return [name, get(instance.values, name)];
    }));
}

/**
 * @param {Draft} draft
 * @param {Operation} operation
 * @returns {Map<string, Value>}
 */
function zeroResults(draft, operation) {
    return new Map(operation.returns.map(({scope, name}) => {
        const assigned = draft.program.resource(scope).assigned.get(name); // none: part of a pool
        return [name, assigned === undefined ? 0n : zeroOf(assigned.type)];
    }));
}
