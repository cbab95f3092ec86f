/** The processes of all files, each with what it inherits. */
import type { Node } from 'jsonc-parser';
import type { Inputs } from '../inputSchema.ts';
import { nearestKey } from '../nearestKey.ts';
import type { ProcessSpec } from '../processSchema.ts';
import type { SpecFolders } from '../specFolders.ts';
import type { SystemKey } from './layeredSchema.ts';
import type { Problem, ProblemList } from './problemList.ts';
import type { ProcessLayer } from './processLayer.ts';
import { mergeSettings, objectFrom, type Setting, type Settings } from './settings.ts';
import type { SharedLayer } from './sharedLayer.ts';
import { VariableCheck } from './variableCheck.ts';

/** A process, as the files declare it together. */
export interface LayeredProcess {
  /** What its own file says beside its processes. */
  readonly home: SharedLayer;
  /** From the lowest file to the uppermost. */
  readonly layers: readonly [ProcessLayer, ...ProcessLayer[]];
}

export interface InheritedProcess {
  readonly spec: ProcessSpec;
  readonly isDisabled: boolean;
  readonly settings: Settings;
  /** The environment of all processes of its file, which lies below its own. */
  readonly environment: Settings;
}

/** Maximum number of processes that extend each other in a row. */
const maxDepth = 32;
/** Number of unknown names for which a similar one is looked for: in a large file, that takes time. */
const maxSuggestions = 20;

/** Keys that are not inherited. */
const ownKeys: readonly string[] = ['extends', 'disabled'];

export class ProcessInheritance {
  readonly #processes: ReadonlyMap<string, LayeredProcess>;
  readonly #problems: ProblemList;
  readonly #system: SystemKey;
  readonly #variables: VariableCheck;
  readonly #own = new Map<LayeredProcess, Settings>();
  readonly #reported = new Map<Node, Problem>();
  #unknown = 0;

  constructor(processes: ReadonlyMap<string, LayeredProcess>, problems: ProblemList, system: SystemKey) {
    this.#processes = processes;
    this.#problems = problems;
    this.#system = system;
    this.#variables = new VariableCheck(problems);
  }

  /** Undefined where something is wrong with the process, or with what it inherits; that is reported as a mistake of it. */
  resolve(name: string): InheritedProcess | undefined {
    this.#problems.reading = name;
    const process = this.#processes.get(name);
    const resolved = process && this.#resolve(name, process);
    this.#problems.reading = undefined;
    return resolved;
  }

  #resolve(name: string, process: LayeredProcess): InheritedProcess | undefined {
    const chain = this.#chain(name, process);
    const problem = chain?.map(problemOf).find((one) => one !== undefined);
    if (problem) this.#problems.blame(problem);
    if (chain === undefined || problem) return undefined;
    const own = this.#ownSettings(process);
    const isDisabled = own.get('disabled')?.value === true;
    const homes = [...new Set([process, ...chain].map(({ home }) => home))];
    const environment = homes.map((home) => home.environment).reduce(mergeSettings);
    const [only] = process.layers;
    const isPlain = chain.length === 1 && process.layers.length === 1 && only.plain !== undefined && process.home.defaults.size === 0;
    const settings = isPlain ? own : this.#merged(chain, homes);
    const spec = (isPlain ? only.plain : objectFrom(settings)) as Partial<ProcessSpec>;
    if (!isDisabled && spec.command === undefined) {
      const { source, entry } = process.layers.at(-1) ?? only;
      this.#problems.complain(source, entry.value, `processes.${name}: ${this.#noCommand(process)}`);
      return undefined;
    }
    const { folder } = only.source;
    const [folders, sharedFolders] = [foldersOf(settings, folder), foldersOf(environment, folder)];
    // A value of another file means an input of that file, unless a nearer one has the same ID.
    const inputs: Inputs = Object.fromEntries(homes.toReversed().flatMap((home) => Object.entries(home.inputs)));
    const isFillable = this.#variables.passes(settings, inputs, ['processes', name]);
    if (!this.#variables.passes(environment, inputs, []) || !isFillable) return undefined;
    const parts = {
      ...(Object.keys(inputs).length > 0 && { inputs }),
      ...(environment.size > 0 && { shared: objectFrom(environment), ...(sharedFolders && { sharedFolders }) }),
      ...(folders && { folders }),
    };
    return { spec: { ...without(spec as ProcessSpec), ...parts }, isDisabled, settings, environment };
  }

  /** Each file's defaults come once, below the first process of it. */
  #merged(chain: readonly LayeredProcess[], homes: readonly SharedLayer[]): Settings {
    const told = new Set(homes.slice(0, 1));
    let settings: Settings = homes[0]?.defaults ?? new Map();
    for (const process of chain.toReversed()) {
      if (!told.has(process.home)) settings = mergeSettings(settings, process.home.defaults);
      told.add(process.home);
      const own = this.#ownSettings(process);
      settings = mergeSettings(settings, process === chain[0] ? own : new Map([...own].filter(([key]) => !ownKeys.includes(key))));
    }
    return settings;
  }

  /** The process, what it extends, and so on; undefined where that does not end, or is not known. */
  #chain(name: string, process: LayeredProcess): readonly LayeredProcess[] | undefined {
    const chain = [process];
    const names = [name];
    for (let [lastName, last] = [name, process]; ; ) {
      const extended = this.#ownSettings(last).get('extends');
      if (extended?.value === undefined) return chain;
      const base = String(extended.value);
      const next = this.#processes.get(base);
      const message = this.#extendsProblem(base, names, next !== undefined);
      if (message !== undefined) {
        this.#reportOnce(extended, `processes.${lastName}.extends: ${message}`);
        return undefined;
      }
      if (next === undefined) return undefined;
      [lastName, last] = [base, next];
      chain.push(next);
      names.push(base);
    }
  }

  /** All processes that extend one with a mistake have the same one. */
  #reportOnce({ source, node }: Setting, message: string): void {
    const known = this.#reported.get(node);
    if (known) this.#problems.blame(known);
    else this.#reported.set(node, this.#problems.complain(source, node, message));
  }

  #extendsProblem(base: string, names: readonly string[], isKnown: boolean): string | undefined {
    if (base === names.at(-1)) return 'a process cannot extend itself';
    if (names.includes(base))
      return `the processes extend each other in a circle: ${[...names.slice(names.indexOf(base)), base].join(' → ')}`;
    if (names.length > maxDepth) return `the processes extend each other more than ${maxDepth} times in a row`;
    if (isKnown) return undefined;
    const meant = this.#unknown++ < maxSuggestions ? nearestKey(base, [...this.#processes.keys()]) : undefined;
    return `there is no process '${base}'${meant === undefined ? '' : `. Did you mean "${meant}"?`}`;
  }

  #ownSettings(process: LayeredProcess): Settings {
    const known = this.#own.get(process);
    if (known) return known;
    const settings = process.layers.map((layer) => layer.settings).reduce(mergeSettings);
    this.#own.set(process, settings);
    return settings;
  }

  #noCommand({ layers }: LayeredProcess): string {
    const hasSystems = layers.some(({ hasSystems }) => hasSystems);
    return hasSystems
      ? `there is no "command" for this system; add one, or "${this.#system}": { "disabled": true }`
      : 'there is no "command", neither here nor in what it inherits';
  }
}

function problemOf({ home, layers }: LayeredProcess): Problem | undefined {
  return layers.find(({ problem }) => problem !== undefined)?.problem ?? home.problem;
}

/** What is of no use to the process itself. */
function without(spec: ProcessSpec): ProcessSpec {
  return Object.fromEntries(Object.entries(spec).filter(([key]) => !ownKeys.includes(key))) as ProcessSpec;
}

function foldersOf(settings: Settings, own: string | undefined): SpecFolders | undefined {
  const others = [...settings].filter(([, { source, value }]) => value !== undefined && source.folder !== own);
  if (own === undefined && others.length === 0) return undefined;
  const ofKeys = Object.fromEntries(others.map(([key, { source }]) => [key, source.folder ?? null]));
  return { ...(own !== undefined && { own }), ...(others.length > 0 && { ofKeys }) };
}
