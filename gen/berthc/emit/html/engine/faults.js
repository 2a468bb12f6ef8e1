/** How requests end that do not go well. */

/**
 * @typedef {object} Where  the place of an error, in the words of the protocol
 * @property {string} [resource]
 * @property {string} [state]
 * @property {string} [event]
 * @property {string} [hook]
 * @property {string} [rule]
 * @property {string} [field]
 *
 * @typedef {object} Fault
 * @property {string} error
 * @property {Where} where
 */

/** The request cannot be understood; the message says why. */
export class Malformed extends Error {}

/**
 * The table has a hole where an event arrived, or rows that raise each other for ever.
 * `berthc gen` refuses such a spec, and no answer of the protocol stands for it.
 */
export class BrokenTable extends Error {}

/** The operation cannot go on; for the inside only. */
export class Refused extends Error {
    /** @param {Fault} fault */
    constructor(fault) {
        super(fault.error);
        this.fault = fault;
    }
}

/**
 * Ends the operation.
 *
 * @param {string} error
 * @param {Where} where
 * @returns {never}
 */
export function refuse(error, where) {
    throw new Refused({error, where});
}
