/**
 * What a manager tracks. Instances and reservations are never changed, only replaced. So a copy of
 * a state is a copy of a few maps. An operation works on a copy; dropping it undoes the operation.
 */
import {identity} from "./values.js";

/** @typedef {import("./values.js").Value} Value */

/**
 * @typedef {object} Instance
 * @property {number} id  counts up, never used again: the order of creation
 * @property {string} resource
 * @property {number | null} parent  id
 * @property {string} key  the key fields, comparable
 * @property {readonly string[]} rest  the other fields, comparable
 * @property {ReadonlyMap<string, Value>} values  fields, and leaves of assigned values
 * @property {ReadonlyMap<string, bigint>} slots  by pool
 * @property {string} state
 * @property {number} anonymous  anonymous references
 * @property {number} reserved  reservations that hold it
 * @property {number} children
 * @property {ReadonlySet<string>} namedBy  values from hooks by which operations find it
 *
 * @typedef {object} Reservation
 * @property {readonly number[]} path  ids of the instances it was given, root first
 * @property {readonly boolean[]} held  which of them it still holds
 */

export class State {
    constructor() {
        /** @type {Map<number, Instance>} in order of creation */
        this.instances = new Map();
        /** @type {Map<string, number>} by place and key */
        this.index = new Map();
        /** @type {Map<number, Instance>} as they were at the end; only those in reservations */
        this.ended = new Map();
        /** @type {Map<string, Reservation>} in the order given out */
        this.reservations = new Map();
        /** @type {Map<string, number>} numbers handed out, by resource and assigned value */
        this.counters = new Map();
        /** @type {Map<string, number>} calls of hooks with out-values since the manager was made */
        this.hookCalls = new Map();
        /** @type {Map<string, ReadonlyMap<string, Value>>} what hooks last wrote that was new */
        this.hookNews = new Map();
        this.nextId = 1;
        this.nextReservation = 1;
        this.nextUuid = 1;
    }

    copy() {
        const other = new State();
        other.instances = new Map(this.instances);
        other.index = new Map(this.index);
        other.ended = new Map(this.ended);
        other.reservations = new Map(this.reservations);
        other.counters = new Map(this.counters);
        other.hookCalls = new Map(this.hookCalls);
        other.hookNews = new Map(this.hookNews);
        other.nextId = this.nextId;
        other.nextReservation = this.nextReservation;
        other.nextUuid = this.nextUuid;
        return other;
    }

    /**
     * An instance that is tracked.
     *
     * @param {number} id
     */
    get(id) {
        const instance = this.instances.get(id);
        if (instance === undefined)
            throw new Error(`instance ${id} is not tracked`);
        return instance;
    }

    /**
     * Replaces an instance by one with these members changed.
     *
     * @param {number} id
     * @param {Partial<Instance>} changes
     */
    change(id, changes) {
        this.instances.set(id, {...this.get(id), ...changes});
    }

    /**
     * @param {string} resource
     * @param {number | null} parent
     * @param {string} key
     */
    find(resource, parent, key) {
        const id = this.index.get(place(resource, parent, key));
        return id === undefined ? null : this.get(id);
    }

    /**
     * The instance that an assigned value names, given by its leaves. A value from a hook names an
     * instance only once a call gave one that was free.
     *
     * @param {string} resource
     * @param {import("./tables.js").Assigned} assigned
     * @param {ReadonlyMap<string, Value>} leaves
     */
    findBy(resource, assigned, leaves) {
        for (const instance of this.instances.values()) {
            if (instance.resource !== resource)
                continue;
            if (assigned.kind === "hook" && !instance.namedBy.has(assigned.name))
                continue;
            if ([...leaves].every(([leaf, value]) =>
                identity(/** @type {Value} */ (instance.values.get(leaf))) === identity(value)))
                return instance;
        }
        return null;
    }

    /** @param {Instance} instance */
    add(instance) {
        this.instances.set(instance.id, instance);
        this.index.set(place(instance.resource, instance.parent, instance.key), instance.id);
        countChild(this, instance.parent, 1);
    }

    /**
     * The instance ends, and all that is below it (S8).
     *
     * @param {Instance} instance
     * @returns {Instance[]} these, as they were
     */
    end(instance) {
        const gone = [instance];
        for (const above of gone)
            gone.push(...this.children(above.id));
        const remembered = idsOfReservations(this);
        for (const each of gone) {
            this.instances.delete(each.id);
            this.index.delete(place(each.resource, each.parent, each.key));
            if (remembered.has(each.id))
                this.ended.set(each.id, each);
        }
        countChild(this, instance.parent, -1);
        return gone;
    }

    /**
     * Instances below one (null: the roots), in order of creation.
     *
     * @param {number | null} parent
     */
    children(parent) {
        return [...this.instances.values()].filter(instance => instance.parent === parent);
    }

    /**
     * The instance and those above it, root last.
     *
     * @param {Instance} instance
     */
    upward(instance) {
        const path = [instance];
        for (let up = instance.parent; up !== null; up = path[path.length - 1].parent)
            path.push(this.get(up));
        return path;
    }

    /**
     * Gives a reservation that holds all instances of a path.
     *
     * @param {readonly number[]} path
     * @returns {string} its label
     */
    reserve(path) {
        const label = `r${this.nextReservation++}`;
        this.reservations.set(label, {path, held: path.map(() => true)});
        for (const id of path)
            this.change(id, {reserved: this.get(id).reserved + 1});
        return label;
    }

    /** @param {string} label */
    reservation(label) {
        const reservation = this.reservations.get(label);
        if (reservation === undefined)
            throw new Error(`there is no reservation ${label}`);
        return reservation;
    }

    /**
     * A reservation's hold on one level of its path goes, if it still has it.
     *
     * @param {string} label
     * @param {number} level
     */
    unhold(label, level) {
        const {path, held} = this.reservation(label);
        this.reservations.set(label, {path, held: held.map((one, i) => one && i !== level)});
        const instance = this.instances.get(path[level]);
        if (held[level] && instance !== undefined)
            this.change(instance.id, {reserved: instance.reserved - 1});
    }

    /**
     * The reservation goes, and the holds that it still has.
     *
     * @param {string} label
     */
    endReservation(label) {
        this.reservation(label).path.forEach((_, level) => this.unhold(label, level));
        this.reservations.delete(label);
        const remembered = idsOfReservations(this);
        for (const id of this.ended.keys()) {
            if (!remembered.has(id))
                this.ended.delete(id);
        }
    }

    /** Nothing is tracked or reserved any more; counters go on where they were. */
    forget() {
        this.instances.clear();
        this.index.clear();
        this.ended.clear();
        this.reservations.clear();
    }

    /**
     * The same for one root, all that is below it, and the reservations that began with it.
     *
     * @param {Instance} root
     * @returns {Instance[]} what was tracked
     */
    forgetRoot(root) {
        for (const [label, reservation] of [...this.reservations]) {
            if (reservation.path[0] === root.id)
                this.endReservation(label);
        }
        return this.end(root);
    }
}

/** @param {State} state */
function idsOfReservations(state) {
    return new Set([...state.reservations.values()].flatMap(r => r.path));
}

/**
 * @param {State} state
 * @param {number | null} parent
 * @param {number} change
 */
function countChild(state, parent, change) {
    if (parent !== null)
        state.change(parent, {children: state.get(parent).children + change});
}

/**
 * @param {string} resource
 * @param {number | null} parent
 * @param {string} key
 */
function place(resource, parent, key) {
    return JSON.stringify([resource, parent, key]);
}

/**
 * Anonymous references and reservations.
 *
 * @param {Instance} instance
 */
export function referencesOf(instance) {
    return instance.anonymous + instance.reserved;
}
