/** A manager as its callers see it: operations in, results out. */
import {Refused} from "./faults.js";
import {discardRoot, runOperation} from "./operation.js";
import {drain} from "./drain.js";
import {Draft, noteEnded} from "./rows.js";
import {State} from "./state.js";

/**
 * @typedef {import("./program.js").Program} Program
 * @typedef {import("./rows.js").Outcomes} Outcomes
 * @typedef {import("./values.js").Value} Value
 */

/**
 * @typedef {object} Result
 * @property {import("./faults.js").Fault | null} fault
 * @property {ReadonlyMap<string, Value>} returns
 * @property {readonly import("./rows.js").Call[]} calls
 * @property {readonly import("./rows.js").Step[]} steps
 */

/** @type {Result} */
export const NOTHING_DONE = {fault: null, returns: new Map(), calls: [], steps: []};

export class World {
    /**
     * @param {Program} program
     * @param {State} [state]
     */
    constructor(program, state = new State()) {
        this.program = program;
        /** Never changed in place: whoever keeps it can come back to it. */
        this.state = state;
    }

    /**
     * @param {import("./tables.js").Operation} operation
     * @param {import("./operation.js").Arguments} given
     * @param {Outcomes} outcomes
     * @returns {Result}
     */
    run(operation, given, outcomes) {
        return this.attempt(outcomes, draft => runOperation(draft, operation, given));
    }

    /**
     * @param {Outcomes} outcomes
     * @returns {Result}
     */
    drain(outcomes) {
        const draft = new Draft(this.program, this.state.copy(), outcomes);
        const fault = drain(draft);
        this.state = draft.state;
        return {fault, returns: new Map(), calls: draft.calls, steps: draft.steps};
    }

    /**
     * Forgets everything and calls nothing.
     *
     * @returns {Result}
     */
    discard() {
        return this.attempt(noCalls, draft => {
            noteEnded(draft, draft.state.instances.values());
            draft.state.forget();
            return new Map();
        });
    }

    /**
     * Forgets one root, and calls nothing.
     *
     * @param {string} resource
     * @param {ReadonlyMap<string, Value>} fields
     * @returns {Result}
     */
    discardRoot(resource, fields) {
        return this.attempt(noCalls, draft => {
            discardRoot(draft, resource, fields);
            return new Map();
        });
    }

    /**
     * Does something with a draft of the state. If it is refused before its first call, the draft
     * is dropped (S1).
     *
     * @param {Outcomes} outcomes
     * @param {(draft: Draft) => ReadonlyMap<string, Value>} work
     * @returns {Result}
     */
    attempt(outcomes, work) {
        const draft = new Draft(this.program, this.state.copy(), outcomes);
        const {calls, steps} = draft;
        try {
            const returns = work(draft);
            this.state = draft.state;
            return {fault: null, returns, calls, steps};
        } catch (error) {
            if (!(error instanceof Refused))
                throw error;
            if (calls.length > 0)
                this.state = draft.state;
            else if (steps.some(step => step.kind !== "row" || step.from !== step.to))
                draft.note("undone", {});
            return {fault: error.fault, returns: new Map(), calls, steps};
        }
    }
}

/** @type {Outcomes} */
function noCalls(hook) {
    throw new Error(`${hook} is called by what calls nothing`);
}
