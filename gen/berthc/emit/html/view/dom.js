// Short forms for making and finding elements.

/** @param {string} id */
export function byId(id) {
    const found = document.getElementById(id);
    if (!found)
        throw new Error(`there is no element ${id}`);
    return found;
}

/**
 * An element with its attributes and children. Text is always text: nothing is read as HTML.
 * @param {string} tag
 * @param {Record<string, string | boolean | number | ((event: any) => void)>} attributes
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {HTMLElement}
 */
export function el(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (typeof value === "function")
            made.addEventListener(name, value);
        else if (value === true)
            made.setAttribute(name, "");
        else if (value !== false)
            made.setAttribute(name, String(value));
    }
    for (const child of children)
        if (child)
            made.append(child);
    return made;
}

/** @param {ParentNode} root @param {string} selector @returns {HTMLElement[]} */
export function all(root, selector) {
    return /** @type {HTMLElement[]} */ ([...root.querySelectorAll(selector)]);
}

/** Says a sentence to screen readers. @param {string} words */
export function say(words) {
    byId("live").textContent = words;
}

/** The JSON of a data block. @param {string} id @returns {any} */
export function block(id) {
    return JSON.parse(byId(id).textContent || "null");
}
