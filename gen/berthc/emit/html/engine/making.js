/** Makes instances: their keys, counters, UUIDs, texts and slots. */
import {formatted} from "./conditions.js";
import {refuse} from "./faults.js";
import {get} from "./program.js";
import {lookFrom, newUuid} from "./rows.js";
import {comparable, zeroOf} from "./values.js";

/**
 * @typedef {import("./values.js").Value} Value
 * @typedef {import("./rows.js").Draft} Draft
 * @typedef {import("./program.js").ResourceProgram} ResourceProgram
 */

const COUNTER_VALUES = 1n << 64n;

/**
 * @param {Draft} draft
 * @param {ResourceProgram} resource
 * @param {ReadonlyMap<string, Value>} fields  all of them
 * @param {number | null} parent
 * @param {string} state
 * @param {{pool: string, slot: bigint} | null} named  the slot that the caller wants
 * @returns {number} its id
 */
export function make(draft, resource, fields, parent, state, named) {
    const values = new Map(fields);
    const slots = new Map();
    for (const assigned of resource.table.assigned) {
        const {name, kind} = assigned;
        if (kind === "pool") {
            const slot = named !== null && named.pool === name ? named.slot
                : lowestSlot(draft, resource, name);
            slots.set(name, slot);
            for (const [part, number] of partsOf(resource, name, slot))
                values.set(part, number);
        } else if (kind === "counter") {
            values.set(name, count(draft, resource, assigned));
        } else if (kind === "uuid") {
            values.set(name, newUuid(draft));
        } else if (kind === "format") {
            values.set(name, formatted(assigned, lookFrom(draft, resource.name, values, parent)));
        } else {
            values.set(name, zeroOf(assigned.type));
        }
    }
    const id = draft.state.nextId++;
    draft.state.add({
        id, resource: resource.name, parent, key: keyOf(resource, fields),
        rest: restOf(resource, fields), values, slots, state, anonymous: 0, reserved: 0,
        children: 0, namedBy: new Set(),
    });
    draft.note("made", {resource: resource.name, instance: id, to: state});
    return id;
}

/**
 * The next number of a counter.
 *
 * @param {Draft} draft
 * @param {ResourceProgram} resource
 * @param {import("./tables.js").Assigned} assigned
 */
function count(draft, resource, assigned) {
    const counter = `${resource.name}.${assigned.name}`;
    const done = draft.state.counters.get(counter) || 0;
    draft.state.counters.set(counter, done + 1);
    const number = (BigInt(assigned.start) + BigInt(done)) % COUNTER_VALUES;
    return assigned.type === "string" ? String(number) : number;
}

/**
 * @param {Draft} draft
 * @param {ResourceProgram} resource
 * @param {string} pool
 */
function lowestSlot(draft, resource, pool) {
    const size = get(resource.pools, pool).reduce((all, part) => all * part.size, 1n);
    const taken = takenSlots(draft, resource, pool);
    let slot = 0n;
    while (taken.has(slot))
        slot++;
    return slot < size ? slot : refuse("ENOSPC", {resource: resource.name});
}

/**
 * @param {Draft} draft
 * @param {ResourceProgram} resource
 * @param {string} pool
 */
export function takenSlots(draft, resource, pool) {
    return new Set([...draft.state.instances.values()]
        .filter(instance => instance.resource === resource.name)
        .map(instance => instance.slots.get(pool)));
}

/**
 * The number of a slot given by its parts, those left out being 0; null where one is outside the
 * pool. The first part is the most significant one.
 *
 * @param {ResourceProgram} resource
 * @param {string} pool
 * @param {ReadonlyMap<string, bigint>} parts
 */
export function slotOf(resource, pool, parts) {
    let slot = 0n;
    for (const {name, size} of get(resource.pools, pool)) {
        const number = parts.get(name) || 0n;
        if (number >= size)
            return null;
        slot = slot * size + number;
    }
    return slot;
}

/**
 * @param {ResourceProgram} resource
 * @param {string} pool
 * @param {bigint} slot
 * @returns {[string, bigint][]} the parts of a slot, in their order
 */
function partsOf(resource, pool, slot) {
    /** @type {[string, bigint][]} */
    const parts = [];
    for (const {name, size} of [...get(resource.pools, pool)].reverse()) {
        parts.unshift([name, slot % size]);
        slot /= size;
    }
    return parts;
}

/**
 * The key fields, comparable.
 *
 * @param {ResourceProgram} resource
 * @param {ReadonlyMap<string, Value>} fields
 */
export function keyOf(resource, fields) {
    return JSON.stringify(resource.key.map(field => comparable(field, get(fields, field.name))));
}

/**
 * The other fields, comparable, in their order.
 *
 * @param {ResourceProgram} resource
 * @param {ReadonlyMap<string, Value>} fields
 */
export function restOf(resource, fields) {
    return resource.rest.map(field => comparable(field, get(fields, field.name)));
}
