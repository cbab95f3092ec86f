import type { FactRequest } from '../../protocol/modelFacts.ts';
import type { LoadRequest } from '../../protocol/models.ts';

/** How a model is downloaded before it is loaded; `${model}` is filled in. */
export type Pull =
  /** The first of these whose program is there; each goes on where it was broken off. */
  | { readonly by: 'command'; readonly commands: readonly (readonly [string, ...string[]])[]; readonly install: string }
  /** A request to its own server, which goes on where it was broken off, and answers in lines of JSON, as Ollama's does: `status`, `total`, `completed`, `error`. */
  | { readonly by: 'request'; readonly path: string; readonly body: Readonly<Record<string, unknown>> };

/** A kind of model server, as data. */
export interface Runtime {
  /** As people know it. */
  readonly title: string;
  /**
   * Program and arguments; `${port}`, `${name}` (the model's, as clients know it) and `${model}` are filled in. Absent: the model declares a
   * command of its own.
   */
  readonly command?: readonly [string, ...string[]];
  /** Behind the command, by what kind of model is declared: a file, or a name in a registry. */
  readonly modelArguments?: { readonly file: readonly string[]; readonly name: readonly string[] };
  readonly env?: Readonly<Record<string, string>>;
  /** What tells it how many tokens it is to take, where that is declared; `${contextSize}` is filled in. */
  readonly context?: { readonly args?: readonly string[]; readonly env?: Readonly<Record<string, string>> };
  /** Variables that tell it which GPUs it may use: a list of their numbers. */
  readonly gpuVariables: readonly string[];
  /** Answers with a status from 200 to 399 when it is ready. */
  readonly readyPath: string;
  /** Prometheus' text format. */
  readonly metricsPath?: string;
  /** What the `model` of a request has to say to the server. */
  readonly knownAs: 'name' | 'model';
  /** `${model}` is filled in. */
  readonly loadRequest?: LoadRequest;
  /** What tells it the folder in which it is to save prompts by requests to `/slots`; absent where it cannot. */
  readonly promptOption?: string;
  /** For a line of its output that shows how much of the model is loaded: the first group is a percentage, or has one sign for each percent. */
  readonly progress?: string;
  /** What it says of the model that it has loaded. */
  readonly factRequests?: readonly FactRequest[];
  /** Absent: it has no means for that. */
  readonly pull?: Pull;
  /** Where its program comes from, as a sentence. */
  readonly install?: string;
}
