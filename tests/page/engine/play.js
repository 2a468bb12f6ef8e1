// Plays scripts on the engine, in Node.js and in a browser. A script of its own, after the page's.

/**
 * The answers to all conversations of a job. Its `way` is one of these:
 *
 *     lines    each request is a line of the protocol
 *     objects  each request is an object, with numbers where these are exact
 *     again    lines; before each one, the simulator is saved, answers it and the next ones, and is
 *              restored
 *     painted  lines; with each answer come the trace and what is tracked
 *     broken   lines; an error that the engine throws stands for the answer
 */
function play(job) {
    const {Simulator} = module_engine_simulator;
    const {parse, write} = module_engine_text;
    return job.conversations.map(lines => {
        const simulator = new Simulator(job.tables, job.max_holders);
        if (job.way === "objects")
            return lines.map(line => write(simulator.request(plain(parse(line)))));
        if (job.way === "painted")
            return lines.map(line => [simulator.requestLine(line), simulator.trace,
                simulator.tracked]);
        if (job.way === "broken")
            return lines.map(line => answerOrError(simulator, line));
        if (job.way === "again")
            return lines.map((line, index) => again(simulator, lines.slice(index, index + 3)));
        return lines.map(line => simulator.requestLine(line));
    });
}

/** What the page would give: numbers where they are exact. */
function plain(value) {
    if (typeof value === "bigint")
        return Number.isSafeInteger(Number(value)) ? Number(value) : value;
    if (typeof value !== "object" || value === null)
        return value;
    if (Array.isArray(value))
        return value.map(plain);
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]));
}

/** The answer to the first line, after the simulator went ahead and came back, twice. */
function again(simulator, lines) {
    const saved = simulator.save();
    const ahead = lines.map(line => simulator.requestLine(line));
    for (let time = 0; time < 2; time++) {
        simulator.restore(saved);
        const once_more = lines.map(line => simulator.requestLine(line));
        if (JSON.stringify(once_more) !== JSON.stringify(ahead))
            return `not the same again: ${JSON.stringify([ahead, once_more])}`;
    }
    simulator.restore(saved);
    return simulator.requestLine(lines[0]);
}

function answerOrError(simulator, line) {
    try {
        return simulator.requestLine(line);
    } catch (error) {
        return `${error.constructor.name}: ${error.message}`;
    }
}
