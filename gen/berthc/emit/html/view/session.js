// What callers asked so far, and where the reader is in it. No element of the page is touched here.
import {Simulator} from "../engine/simulator.js";

/**
 * One request, and what came of it. `answer` is null where it was not played yet.
 * @typedef {object} Turn
 * @property {string} who
 * @property {Record<string, any>} request
 * @property {any} answer
 * @property {readonly any[]} trace
 */

const CALLERS = ["A", "B", "C"];

/** Operations that every manager has. */
export const OWN = ["drain", "discard", "new"];

export class Session {
    /** @param {any} tables */
    constructor(tables) {
        this.simulator = new Simulator(tables);
        this.start = this.simulator.save();
        /** @type {Turn[]} */
        this.turns = [];
        /** @type {any[]} where the simulator was after each turn */
        this.saved = [];
        this.at = 0;
        this.callers = [...CALLERS];
    }

    /** The turn that was played last; null before the first. */
    get last() {
        return this.at === 0 ? null : this.turns[this.at - 1];
    }

    /** What is tracked after the last turn. A request that is malformed leaves it as it was. */
    get state() {
        for (let n = this.at - 1; n >= 0; n--)
            if (this.turns[n].answer?.state)
                return this.turns[n].answer.state;
        return null;
    }

    /**
     * A new request. What was ahead is forgotten.
     * @param {string} who @param {Record<string, any>} request
     */
    ask(who, request) {
        this.turns.length = this.at;
        this.saved.length = this.at;
        this.turns.push({who, request, answer: null, trace: []});
        this.forward();
    }

    /** Plays the next turn, where the simulator stands. */
    forward() {
        if (this.at >= this.turns.length)
            return;
        const turn = this.turns[this.at];
        try {
            turn.answer = this.simulator.request(turn.request);
            turn.trace = this.simulator.trace;
        } catch (error) {
            turn.answer = {
                ok: false,
                error: "EINVAL",
                message: `the spec has no meaning here: ${error}`,
            };
            turn.trace = [];
        }
        this.saved[this.at] = this.simulator.save();
        this.at++;
    }

    /** @param {number} at */
    go(at) {
        while (this.at < at && this.at < this.turns.length)
            this.forward();
        this.at = Math.min(this.at, at);
        this.simulator.restore(this.at === 0 ? this.start : this.saved[this.at - 1]);
    }

    /**
     * Another conversation, from its beginning.
     * @param {{who?: string, request: Record<string, any>}[]} steps
     */
    load(steps) {
        this.turns = [];
        this.saved = [];
        this.at = 0;
        this.simulator.restore(this.start);
        this.callers = [...CALLERS];
        for (const {who, request} of steps) {
            const named = who || "";
            if (named && !this.callers.includes(named))
                this.callers.push(named);
            this.turns.push({who: named, request, answer: null, trace: []});
        }
    }

    /** Those that were played, and those that are ahead. */
    steps() {
        return this.turns.map(({who, request}) => ({who, request}));
    }

    /** What is tracked, with its holders, in order of creation. */
    get tracked() {
        return this.simulator.tracked;
    }

    /**
     * Who has which reservation, from the turns that were played; ended ones too.
     * @returns {Map<string, string>} by reservation
     */
    owners() {
        /** @type {Map<string, string>} */
        const owners = new Map();
        for (const turn of this.turns.slice(0, this.at)) {
            if (turn.request.op === "new")
                owners.clear();
            const given = turn.answer?.returns?.reservation;
            if (given)
                owners.set(given, turn.who || this.callers[0]);
        }
        return owners;
    }
}
