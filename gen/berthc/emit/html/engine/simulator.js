/**
 * A manager in a page: the protocol of docs/simulator.md, run by the tables of `tables.py`.
 *
 *     values      what options and fields hold, and when two values are equal
 *     conditions  conditions, and texts with references
 *     state       what is tracked
 *     program     the tables for given options, without the hooks that are left out
 *     rows        rows, calls of hooks, what is raised
 *     making      a new instance: counters, slots, texts
 *     operation   an operation in order: arguments, policy, path, steps, results
 *     drain       drops everything
 *     world       a manager as callers see it
 *     text        JSON, exact and strict
 *     labels      names for UUIDs
 *     request     what a request may say
 *     answer      what an answer says
 *
 * No module knows of pages. `bundle.py` joins them to one script.
 */
import {answerOf, malformedAnswer} from "./answer.js";
import {Malformed} from "./faults.js";
import {Labels} from "./labels.js";
import {MAX_HOLDERS, Program} from "./program.js";
import {UuidText, readRequest, scriptOf} from "./request.js";
import {LINE_MAX, checkText, parse, write} from "./text.js";
import {utf8Length} from "./values.js";
import {NOTHING_DONE, World} from "./world.js";

/**
 * @typedef {import("./answer.js").Answer} Answer
 * @typedef {import("./request.js").Fields} Fields
 * @typedef {import("./rows.js").Step} Step
 * @typedef {import("./tables.js").Tables} Tables
 * @typedef {import("./values.js").Value} Value
 */

/**
 * Where a simulator was; for `restore` only.
 *
 * @typedef {object} Saved
 * @property {World | null} world
 * @property {Labels} labels
 * @property {number} count
 * @property {readonly Step[]} trace
 */

/**
 * An instance, and who holds it.
 *
 * @typedef {object} Tracked
 * @property {number} id  as in the trace
 * @property {string} resource
 * @property {number | null} parent
 * @property {string} state
 * @property {number} anonymous  references without a reservation
 * @property {string[]} reservations  those that hold it
 * @property {number} children
 */

export class Simulator {
    /**
     * @param {Tables} tables
     * @param {number} [maxHolders]  of an instance
     */
    constructor(tables, maxHolders = MAX_HOLDERS) {
        this.tables = tables;
        this.maxHolders = maxHolders;
        /** @type {World | null} */
        this.world = null;
        this.labels = new Labels();
        this.count = 0;
        /** @type {readonly Step[]} */
        this.steps = [];
    }

    /**
     * The answer to a request, given as an object. Integers are numbers, and beyond 2^53 BigInts.
     * Throws BrokenTable where the spec has no meaning; the state is the one before then.
     *
     * @param {unknown} request
     * @returns {Answer}
     */
    request(request) {
        return this.answer(() => request);
    }

    /**
     * The answer to a line of the protocol, as a line. "" for a blank line, which is skipped.
     *
     * @param {string} line  without its end
     */
    requestLine(line) {
        if (/^[ \t\r]*$/.test(line.slice(0, LINE_MAX)))
            return "";
        return write(this.answer(() => {
            if (utf8Length(line) > LINE_MAX)
                throw new Malformed(`a line of more than ${LINE_MAX} bytes`);
            return parse(line);
        }));
    }

    /** What the last request did, in order. Empty after a malformed one. */
    get trace() {
        return this.steps;
    }

    /**
     * What is tracked now, and who holds it, in order of creation.
     *
     * @returns {Tracked[]}
     */
    get tracked() {
        if (this.world === null)
            return [];
        const {state} = this.world;
        const holds = [...state.reservations].flatMap(([label, {path, held}]) =>
            path.filter((_, level) => held[level]).map(id => ({label, id})));
        return [...state.instances.values()].map(one => ({
            id: one.id, resource: one.resource, parent: one.parent, state: one.state,
            anonymous: one.anonymous, children: one.children,
            reservations: holds.filter(({id}) => id === one.id).map(({label}) => label),
        }));
    }

    /**
     * Where the simulator is now, to come back to.
     *
     * @returns {Saved}
     */
    save() {
        const {world, count, steps} = this;
        return {world: copyOf(world), labels: this.labels.copy(), count, trace: steps};
    }

    /**
     * Goes back to where it was saved. What was saved can be used again.
     *
     * @param {Saved} saved
     */
    restore(saved) {
        this.world = copyOf(saved.world);
        this.labels = saved.labels.copy();
        this.count = saved.count;
        this.steps = saved.trace;
    }

    /**
     * @param {() => unknown} read
     * @returns {Answer}
     */
    answer(read) {
        this.count++;
        this.steps = [];
        try {
            const value = read();
            checkText(value);
            return this.perform(readRequest(this.tables, value));
        } catch (error) {
            if (!(error instanceof Malformed))
                throw error;
            return malformedAnswer(this.count, error.message);
        }
    }

    /**
     * @param {import("./request.js").Request} request
     * @returns {Answer}
     */
    perform(request) {
        const world = request.verb === "new" ? this.renew(request.options, request.without)
            : this.world || this.renew(new Map(), []);
        const result = request.verb === "new" ? NOTHING_DONE : this.carryOut(world, request);
        this.steps = result.steps;
        return answerOf(this.count, result, world, this.labels);
    }

    /**
     * @param {World} world
     * @param {import("./request.js").DrainRequest | import("./request.js").DiscardRequest
     *     | import("./request.js").RunRequest} request
     */
    carryOut(world, request) {
        if (request.verb === "discard") {
            return request.root === null ? world.discard()
                : world.discardRoot(request.root, bound(request.fields, this.labels));
        }
        const script = scriptOf(this.tables, request.fail);
        if (request.verb === "drain")
            return world.drain(script);
        const config = new Map([...request.config].map(([name, fields]) =>
            [name, bound(fields, this.labels)]));
        const by = request.by === null ? null : bound(request.by, this.labels);
        const {reservation, at} = request;
        return world.run(request.operation, {config, reservation, by, at}, script);
    }

    /**
     * A fresh manager and fresh labels; the old ones stay where it cannot be made.
     *
     * @param {Fields} options
     * @param {string[]} without
     */
    renew(options, without) {
        const labels = new Labels();
        const program = new Program(this.tables, bound(options, labels), without, this.maxHolders);
        this.world = new World(program);
        this.labels = labels;
        return this.world;
    }
}

/** @param {World | null} world */
function copyOf(world) {
    return world && new World(world.program, world.state);
}

/**
 * Values with their UUIDs looked up.
 *
 * @param {Fields} fields
 * @param {Labels} labels
 * @returns {Map<string, Value>}
 */
function bound(fields, labels) {
    return new Map([...fields].map(([name, value]) =>
        [name, value instanceof UuidText ? labels.meaning(value.text) : value]));
}
