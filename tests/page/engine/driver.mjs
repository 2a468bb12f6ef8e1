// Answers scripts with the engine of the page. The job comes as JSON on standard input:
//
//     engine         path of simulator.js
//     tables         of one manager
//     max_holders    of an instance, perhaps
//     conversations  lists of requests, a fresh simulator for each
//     way            "lines", "objects" or "again"; see play.mjs
//
// The answers go to standard output, as JSON: a list of lines for each conversation.
import {readFileSync} from "node:fs";
import {pathToFileURL} from "node:url";

import {play} from "./play.mjs";

const job = JSON.parse(readFileSync(0, "utf-8"));
const folder = pathToFileURL(job.engine);
const {Simulator} = await import(folder.href);
const {parse, write} = await import(new URL("text.js", folder).href);
process.stdout.write(JSON.stringify(play({Simulator, parse, write}, job)));
