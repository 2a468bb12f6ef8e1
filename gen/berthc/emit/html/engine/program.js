/** A manager made ready to run: its tables by name, its options, and the hooks that it lacks. */
import {holds} from "./conditions.js";
import {BrokenTable, Malformed} from "./faults.js";
import {TABLES_VERSION} from "./tables.js";
import {defaultOf, isValid} from "./values.js";

/**
 * @typedef {import("./tables.js").Tables} Tables
 * @typedef {import("./values.js").Value} Value
 */

/** Greatest number of holders of an instance (S3). */
export const MAX_HOLDERS = 4294967295;

/** One resource: fields in groups, pools with their sizes, rows by state and event. */
export class ResourceProgram {
    /**
     * @param {import("./tables.js").Resource} table
     * @param {ReadonlyMap<string, Value>} options
     */
    constructor(table, options) {
        this.table = table;
        this.name = table.name;
        this.fields = byName(table.fields);
        this.assigned = byName(table.assigned);
        this.key = table.key.map(name => get(this.fields, name));
        /** Key fields in the order of the fields. */
        this.keyInOrder = table.fields.filter(field => table.key.includes(field.name));
        this.rest = table.fields.filter(field => !table.key.includes(field.name));
        this.final = new Set(table.states.filter(s => s.final).map(s => s.name));
        /** @type {Map<string, {name: string, size: bigint}[]>} parts by pool */
        this.pools = new Map(table.assigned.filter(a => a.kind === "pool").map(pool =>
            [pool.name, pool.parts.map(part => ({name: part.name, size: sizeOf(part, options)}))]));
        /** @type {Map<string, import("./tables.js").Row[]>} by state and event */
        this.cells = new Map();
        for (const state of table.states) {
            for (const row of state.rows) {
                const cell = `${state.name} ${row.event}`;
                this.cells.set(cell, [...this.cells.get(cell) || [], row]);
            }
        }
    }

    /**
     * The first row of the cell whose condition holds; null where `otherwise` takes its place.
     *
     * @param {string} state
     * @param {string} event
     * @param {import("./conditions.js").Lookup} look
     */
    row(state, event, look) {
        const cell = this.cells.get(`${state} ${event}`) || [];
        const row = cell.find(one => holds(one.guard, look));
        if (row === undefined && this.table.otherwise === undefined)
            throw new BrokenTable(`${this.name}.${state} has no row for ${event}`);
        return row || null;
    }
}

export class Program {
    /**
     * Throws Malformed for a value that an option does not take, and for a hook that cannot be left
     * out.
     *
     * @param {Tables} tables
     * @param {ReadonlyMap<string, Value>} given  options
     * @param {readonly string[]} without
     * @param {number} maxHolders
     */
    constructor(tables, given, without, maxHolders) {
        if (tables.version !== TABLES_VERSION)
            throw new BrokenTable(`tables of version ${tables.version}, not ${TABLES_VERSION}`);
        this.tables = tables;
        this.without = new Set(without);
        this.maxHolders = maxHolders;
        this.hooks = byName(tables.hooks);
        this.operations = byName(tables.operations);
        /** @type {ReadonlyMap<string, Value>} */
        this.options = new Map(tables.options.map(option => {
            const value = given.get(option.name);
            return [option.name, value === undefined ? defaultOf(option) : value];
        }));
        checkOptions(tables, this.options);
        checkHooks(tables, this.without);
        this.resources = new Map(tables.resources.map(table =>
            [table.name, new ResourceProgram(table, this.options)]));
        /** Values from hooks that some operation finds by, by hook. */
        this.naming = new Map(tables.hooks.map(hook => [hook.name, naming(tables, hook.name)]));
    }

    /** @param {string} name */
    resource(name) {
        return get(this.resources, name);
    }
}

/**
 * @param {Tables} tables
 * @param {ReadonlyMap<string, Value>} options
 */
function checkOptions(tables, options) {
    for (const option of tables.options) {
        if (!isValid(option, get(options, option.name)))
            throw new Malformed(`option ${option.name} cannot have this value`);
    }
}

/**
 * @param {Tables} tables
 * @param {ReadonlySet<string>} without
 */
function checkHooks(tables, without) {
    const required = tables.hooks.find(hook => without.has(hook.name) && !hook.optional);
    if (required !== undefined)
        throw new Malformed(`hook ${required.name} is not optional`);
    for (const names of tables.left_out) {
        const here = names.find(name => !without.has(name));
        const gone = names.find(name => without.has(name));
        if (here !== undefined && gone !== undefined)
            throw new Malformed(`hook ${gone} cannot be left out without ${here}`);
    }
}

/**
 * @param {Tables} tables
 * @param {string} hook
 */
function naming(tables, hook) {
    return tables.resources.flatMap(resource => resource.assigned.filter(assigned =>
        assigned.hook === hook && tables.operations.some(operation =>
            operation.by === assigned.name && targetOf(operation) === resource.name)));
}

/**
 * @param {import("./tables.js").PoolPart} part
 * @param {ReadonlyMap<string, Value>} options
 */
function sizeOf(part, options) {
    if (part.option === undefined)
        return BigInt(part.size || 0);
    return /** @type {bigint} */ (get(options, part.option));
}

/**
 * The resource that an operation is about.
 *
 * @param {import("./tables.js").Operation} operation
 */
export function targetOf(operation) {
    return operation.path[operation.path.length - 1];
}

/**
 * @template {{name: string}} T
 * @param {readonly T[]} tables
 * @returns {Map<string, T>}
 */
export function byName(tables) {
    return new Map(tables.map(table => [table.name, table]));
}

/**
 * A member that is there by what `berthc` checks.
 *
 * @template T
 * @param {ReadonlyMap<string, T>} map
 * @param {string} name
 * @returns {T}
 */
export function get(map, name) {
    const found = map.get(name);
    if (found === undefined)
        throw new BrokenTable(`the tables have no ${name}`);
    return found;
}
