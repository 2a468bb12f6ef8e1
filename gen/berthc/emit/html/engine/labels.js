/**
 * Names for UUIDs, so that a script and its answers do not depend on random numbers. Inside, a UUID
 * is a text that means nothing: the manager makes its own ("u1"), and what a request names has
 * another form ("label:u7", "uuid:…"). A label is bound to one of them as it comes up, and stays.
 */
import {NIL, Uuid, uuidInFull} from "./values.js";

const LABEL = /^u[1-9][0-9]{0,8}$/;
const IN_FULL = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * Whether a request may write it where a UUID is wanted: a label, "nil", or a UUID in full.
 *
 * @param {string} text
 */
export function isUuidText(text) {
    return text === NIL.text || LABEL.test(text) || IN_FULL.test(text);
}

export class Labels {
    constructor() {
        /** @type {Map<string, string>} label by UUID */
        this.labels = new Map();
        /** @type {Map<string, string>} UUID by label */
        this.uuids = new Map();
        this.last = 0;
    }

    copy() {
        const other = new Labels();
        other.labels = new Map(this.labels);
        other.uuids = new Map(this.uuids);
        other.last = this.last;
        return other;
    }

    /**
     * The UUID that a text stands for. A label that was never used gets one of its own.
     *
     * @param {string} text
     */
    meaning(text) {
        if (text === NIL.text)
            return NIL;
        if (!LABEL.test(text))
            return uuidInFull(text);
        const uuid = this.uuids.get(text);
        return new Uuid(uuid === undefined ? this.bind(`label:${text}`, text) : uuid);
    }

    /**
     * The label of a UUID: the lowest number that is not in use if it had none.
     *
     * @param {Uuid} uuid
     */
    shown(uuid) {
        if (uuid.text === NIL.text)
            return NIL.text;
        const label = this.labels.get(uuid.text);
        if (label !== undefined)
            return label;
        do
            this.last++;
        while (this.uuids.has(`u${this.last}`));
        this.bind(uuid.text, `u${this.last}`);
        return `u${this.last}`;
    }

    /**
     * @param {string} uuid
     * @param {string} label
     */
    bind(uuid, label) {
        this.labels.set(uuid, label);
        this.uuids.set(label, uuid);
        return uuid;
    }
}
