// The part of the address behind "#": `row=…`, `state=…`, `sim=…`, or the id of a section.

/** @returns {Map<string, string>} */
export function read() {
    const parts = location.hash
        .slice(1)
        .split("&")
        .filter(part => part.includes("="));
    return new Map(
        parts.map(part => {
            const at = part.indexOf("=");
            return [part.slice(0, at), decoded(part.slice(at + 1))];
        }),
    );
}

/** A link that was cut in the middle of a character is no reason to fail. @param {string} text */
function decoded(text) {
    try {
        return decodeURIComponent(text);
    } catch {
        return "";
    }
}

/**
 * Changes one part; null takes it away. The page does not scroll, and no step is added to the
 * history of the browser.
 * @param {string} name @param {string | null} value
 */
export function write(name, value) {
    const parts = read();
    if (name === "row" || name === "state")
        ["row", "state"].forEach(one => parts.delete(one));
    if (value === null)
        parts.delete(name);
    else
        parts.set(name, value);
    const text = [...parts].map(([key, word]) => `${key}=${encodeURIComponent(word)}`).join("&");
    history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
}
