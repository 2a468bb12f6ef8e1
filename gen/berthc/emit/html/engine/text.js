/**
 * JSON, read strictly and exactly, and written. JSON.parse() cannot be used: its numbers are exact
 * up to 2^53 only, and it takes the last of two members with one name. Here an integer is a BigInt,
 * and any other number a NoInteger, which no request may have.
 */
import {Malformed} from "./faults.js";

/** Bytes of a line. A longer one is malformed. */
export const LINE_MAX = 1048576;

/** No request that means anything is nested deeper than five. */
const DEEPEST = 16;

const BLANK = /[ \t\n\r]*/y;
const WORD = /true|false|null/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/y;
const PLAIN = /[^"\\\x00-\x1f]*/y;
const ESCAPE = /\\(?:(["\\/bfnrt])|u([0-9a-fA-F]{4}))/y;
const ESCAPED = new Map([["b", "\b"], ["f", "\f"], ["n", "\n"], ["r", "\r"], ["t", "\t"]]);

/** A number with a fraction or an exponent. */
export class NoInteger {
    /** @param {string} text */
    constructor(text) {
        this.text = text;
    }
}

/**
 * The JSON value of a line. Throws Malformed.
 *
 * @param {string} text
 * @returns {unknown}
 */
export function parse(text) {
    return new Reader(text).whole();
}

class Reader {
    /** @param {string} text */
    constructor(text) {
        this.text = text;
        this.at = 0;
    }

    whole() {
        const value = this.value(0);
        this.skip();
        if (this.at < this.text.length)
            this.wrong("the end of the line");
        return value;
    }

    /**
     * @param {string} wanted
     * @returns {never}
     */
    wrong(wanted) {
        throw new Malformed(`no JSON: ${wanted} is missing at character ${this.at + 1}`);
    }

    /**
     * What a pattern finds here; null where it finds nothing.
     *
     * @param {RegExp} pattern  sticky
     */
    match(pattern) {
        pattern.lastIndex = this.at;
        const found = pattern.exec(this.text);
        if (found !== null)
            this.at = pattern.lastIndex;
        return found;
    }

    skip() {
        this.match(BLANK);
    }

    /**
     * Takes a character, blanks before it included; false where there is another one.
     *
     * @param {string} character
     */
    take(character) {
        this.skip();
        if (this.text[this.at] !== character)
            return false;
        this.at++;
        return true;
    }

    /**
     * @param {number} depth
     * @returns {unknown}
     */
    value(depth) {
        if (depth > DEEPEST)
            throw new Malformed("nested too deep");
        this.skip();
        switch (this.text[this.at]) {
        case "{":
            return this.object(depth);
        case "[":
            return this.array(depth);
        case '"':
            return this.string();
        }
        const word = this.match(WORD);
        if (word !== null)
            return word[0] === "null" ? null : word[0] === "true";
        const number = this.match(NUMBER);
        if (number === null)
            return this.wrong("a value");
        const isInteger = number[1] === undefined && number[2] === undefined;
        return isInteger ? BigInt(number[0]) : new NoInteger(number[0]);
    }

    /** @param {number} depth */
    object(depth) {
        /** @type {Record<string, unknown>} */
        const members = Object.create(null); // a member may be called __proto__
        this.take("{");
        if (this.take("}"))
            return members;
        do {
            this.skip();
            if (this.text[this.at] !== '"')
                throw new Malformed("a member's name must be a string");
            const name = this.string();
            if (name in members)
                throw new Malformed("an object has two members with one name");
            if (!this.take(":"))
                this.wrong("':'");
            members[name] = this.value(depth + 1);
        } while (this.take(","));
        return this.take("}") ? members : this.wrong("'}'");
    }

    /** @param {number} depth */
    array(depth) {
        /** @type {unknown[]} */
        const items = [];
        this.take("[");
        if (this.take("]"))
            return items;
        do {
            items.push(this.value(depth + 1));
        } while (this.take(","));
        return this.take("]") ? items : this.wrong("']'");
    }

    string() {
        this.take('"');
        let text = "";
        for (;;) {
            const plain = this.match(PLAIN);
            text += plain === null ? "" : plain[0];
            if (this.text[this.at] === '"')
                break;
            const escape = this.match(ESCAPE);
            if (escape === null)
                return this.wrong("the end of a text, or a known escape,");
            text += escape[2] !== undefined ? String.fromCharCode(parseInt(escape[2], 16))
                : ESCAPED.get(escape[1]) || escape[1];
        }
        this.at++;
        return text;
    }
}

/**
 * Throws Malformed for text that no C string can hold or no UTF-8 can say, and for what is nested
 * too deep.
 *
 * @param {unknown} value
 * @param {number} [depth]
 */
export function checkText(value, depth = 0) {
    if (typeof value === "string") {
        if (value.includes("\0"))
            throw new Malformed("text cannot hold a NUL character");
        if (/\p{Surrogate}/u.test(value))
            throw new Malformed("lone surrogate");
    }
    if (typeof value !== "object" || value === null || value instanceof NoInteger)
        return;
    if (depth === DEEPEST)
        throw new Malformed("nested too deep");
    for (const [name, member] of Object.entries(value)) {
        checkText(name);
        checkText(member, depth + 1);
    }
}

/**
 * The JSON text of an answer, on one line. Integers may be BigInts.
 *
 * @param {unknown} value
 * @returns {string}
 */
export function write(value) {
    if (typeof value === "bigint")
        return String(value);
    if (Array.isArray(value))
        return `[${value.map(write).join(", ")}]`;
    if (typeof value !== "object" || value === null)
        return JSON.stringify(value);
    const members = Object.entries(value).map(([name, member]) =>
        `${JSON.stringify(name)}: ${write(member)}`);
    return `{${members.join(", ")}}`;
}
