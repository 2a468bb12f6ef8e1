/**
 * The shape of the tables that `tables.py` writes. An integer that a manager may compute with is a
 * text of decimal digits; what does not apply is left out.
 *
 * @typedef {"bool" | "u8" | "u16" | "u32" | "u64" | "i32" | "i64" | "string" | "enum" | "uuid"
 *     | "list" | "set"} Type
 *
 * @typedef {object} Ref  `scope` is "option", "field" or a resource
 * @property {string} scope
 * @property {string} name
 *
 * @typedef {object} Guard
 * @property {"and" | "or" | "not" | "true" | "==" | "!=" | "<" | "<=" | ">" | ">="} op
 * @property {Guard[]} [args]
 * @property {Ref} [ref]
 * @property {string} [integer]  what `ref` is compared with, or `word`
 * @property {string} [word]
 * @property {string} [text]
 *
 * @typedef {object} Field
 * @property {string} name
 * @property {Type} type
 * @property {string} brief
 * @property {number} line
 * @property {string[]} [values]
 * @property {string | true} [default]  the zero of the type without it
 * @property {[string, string]} [range]
 * @property {number} [max_length]
 * @property {boolean} [required]
 * @property {boolean} [ignore_case]
 *
 * @typedef {object} Hook
 * @property {string} name
 * @property {string} on
 * @property {string} brief
 * @property {number} line
 * @property {boolean} [optional]
 * @property {string} [absent]
 * @property {string} [together]
 * @property {boolean} [repeatable]
 * @property {string[]} undoes
 * @property {string[]} asks
 * @property {string[]} needs
 *
 * @typedef {object} PoolPart  `size`, or the option that has it
 * @property {string} name
 * @property {number} line
 * @property {string} [size]
 * @property {string} [option]
 *
 * @typedef {object} FormatText
 * @property {(string | Ref)[]} parts
 * @property {number} line
 * @property {Guard} [guard]
 *
 * @typedef {object} Assigned
 * @property {string} name
 * @property {"counter" | "uuid" | "pool" | "format" | "hook"} kind
 * @property {Type} [type]  of every kind but a pool
 * @property {string} brief
 * @property {number} line
 * @property {string} start
 * @property {PoolPart[]} parts
 * @property {FormatText[]} texts
 * @property {string} [hook]
 * @property {number} [max_length]
 *
 * @typedef {object} Target
 * @property {string} state
 * @property {string} [raises]
 * @property {number} line
 * @property {boolean} [stay]
 *
 * @typedef {object} Row
 * @property {string} id
 * @property {string} event
 * @property {number} line
 * @property {string} brief
 * @property {Guard} [guard]
 * @property {string} [call]
 * @property {string} [ask]
 * @property {string} [reject]
 * @property {boolean} [meant]
 * @property {Record<string, Target>} targets  by outcome
 * @property {boolean} [uncertain_given]
 *
 * @typedef {object} State
 * @property {string} id
 * @property {string} name
 * @property {string} brief
 * @property {number} line
 * @property {boolean} [final]
 * @property {boolean} [resident]
 * @property {string[]} [effects]
 * @property {string[]} maybe
 * @property {Row[]} rows
 *
 * @typedef {object} Resource
 * @property {string} name
 * @property {string} brief
 * @property {number} line
 * @property {string} [parent]
 * @property {string[]} key
 * @property {Field[]} fields
 * @property {Assigned[]} assigned
 * @property {string} [take]
 * @property {string} [drop]
 * @property {string} initial
 * @property {string} [otherwise]
 * @property {string[]} events
 * @property {State[]} states
 *
 * @typedef {object} OperationStep
 * @property {string} resource
 * @property {string} event
 * @property {number} line
 *
 * @typedef {object} Deny
 * @property {Guard} guard
 * @property {string} error
 * @property {string} rule
 * @property {string} brief
 * @property {number} line
 *
 * @typedef {object} Operation
 * @property {string} name
 * @property {string} brief
 * @property {number} line
 * @property {"obtain" | "create" | "find" | "with"} form
 * @property {string[]} path
 * @property {OperationStep[]} steps
 * @property {Ref[]} returns
 * @property {Deny[]} deny
 * @property {boolean} [gives]
 * @property {boolean} [ends]
 * @property {boolean} [owner]  requests may say who asks
 * @property {string} [by]
 * @property {boolean} [absent_ok]
 * @property {string} [at]
 * @property {string} [enter]
 *
 * @typedef {object} Limits
 * @property {{resource: string, instances: number, text?: number, line: number}[]} resources
 * @property {number} [reservations]
 * @property {number} line
 *
 * @typedef {object} Tables
 * @property {number} version
 * @property {string} name
 * @property {string} brief
 * @property {string} file
 * @property {number} line
 * @property {Field[]} options
 * @property {Hook[]} hooks
 * @property {string[][]} left_out  optional hooks, in sets that a backend leaves out whole
 * @property {Resource[]} resources  parents before their children
 * @property {Operation[]} operations
 * @property {boolean} [store]
 * @property {Limits} [limits]
 * @property {string[]} errors
 */

/** Of the tables that this engine runs. */
export const TABLES_VERSION = 1;
