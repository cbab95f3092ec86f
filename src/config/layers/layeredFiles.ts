/** All files that declare processes of one workspace folder: its own, the person's, and those that they include. */
import type * as z from 'zod';
import type { GatewaySpec } from '../gatewaySchema.ts';
import type { SystemKey } from './layeredSchema.ts';
import type { ProblemList } from './problemList.ts';
import type { LayeredProcess } from './processInheritance.ts';
import { readProcessLayer } from './processLayer.ts';
import { type Entry, type ReadSection, type Section, SectionReader } from './sectionReader.ts';
import { mergeShared, noSharedLayer, readSharedLayer, type SharedLayer, sharedKeys } from './sharedLayer.ts';
import type { Source } from './source.ts';

/** Of a file whose processes have been read. */
interface ReadFile {
  readonly source: Source;
  readonly reader: SectionReader;
}

export class LayeredFiles {
  /** Zero-based lines of the names of processes, in the lowest file that has them. */
  readonly lines = new Map<string, number>();
  /** Absolute paths of the files of those that are not in the workspace's own one. */
  readonly files = new Map<string, string>();
  readonly #problems: ProblemList;
  readonly #system: SystemKey;
  readonly #processes = new Map<string, LayeredProcess>();
  #root: ReadFile | undefined;
  #rootShared: SharedLayer = noSharedLayer;
  #local: ReadFile | undefined;
  #localShared: SharedLayer | undefined;
  #isReadable = true;

  constructor(problems: ProblemList, system: SystemKey) {
    this.#problems = problems;
    this.#system = system;
  }

  /** The workspace's own file; what it includes. */
  addRoot(source: Source): readonly string[] {
    const file = this.#open(source, true);
    this.#root = file;
    this.#rootShared = readSharedLayer(source, this.#problems, false);
    return this.#rootShared.include;
  }

  /** The person's file, which lies above all others; what it includes. */
  addLocal(source: Source): readonly string[] {
    this.#local = this.#open(source, false);
    this.#localShared = readSharedLayer(source, this.#problems, true);
    return this.#localShared.include;
  }

  /** Reads the processes of the workspace's own file. To be called when the person's file is known, and before any other is added. */
  readRoot(): void {
    if (this.#root === undefined) return;
    const home = this.#localShared ? mergeShared(this.#rootShared, this.#localShared) : this.#rootShared;
    this.#rootShared = home;
    this.#isReadable = this.#readProcesses(this.#root, home);
  }

  /** A file that another one includes; what it includes itself. */
  addIncluded(source: Source): readonly string[] {
    const file = this.#open(source, true);
    const shared = readSharedLayer(source, this.#problems, false);
    this.#readProcesses(file, shared);
    return shared.include;
  }

  /** Reads the processes of the person's file. To be called when all others are there. */
  readLocal(): void {
    if (this.#local === undefined) return;
    const { source, reader } = this.#local;
    const home = this.#rootShared;
    const below = new Map(this.#processes);
    reader.visit('processes', (entry) => {
      const { name } = entry;
      const lower = below.get(name);
      const context = {
        problems: this.#problems,
        system: this.#system,
        hasBelow: lower !== undefined || home.defaults.size > 0,
        isOverride: lower !== undefined,
      };
      const layer = readProcessLayer(source, entry, context);
      this.#processes.set(name, lower ? { ...lower, layers: [...lower.layers, layer] } : { home, layers: [layer] });
      if (!lower) this.#note(source, reader, entry);
    });
  }

  get processes(): ReadonlyMap<string, LayeredProcess> {
    return this.#processes;
  }

  /** Of the workspace's own file and the person's, what has been read. */
  get ownSources(): readonly Source[] {
    return [this.#root, this.#local].flatMap((file) => file?.source ?? []);
  }

  /** Of the workspace's own file and the person's; to be asked for when those are read. Undefined where it has a mistake. */
  get gateway(): GatewaySpec | undefined {
    const { spec, isWrong } = this.#rootShared.gateway;
    return isWrong ? undefined : spec;
  }

  /** Whether the processes of the workspace's own file could be read at all. */
  get isReadable(): boolean {
    return this.#isReadable;
  }

  /** A section of the workspace's own file, with what the person's file adds; an entry there takes the place of one of the same name. */
  read<T>(section: Section, schema: z.ZodType<T>, before: ReadonlyMap<string, T>, isTaken?: (name: string) => boolean): ReadEntries<T> {
    const own = this.#root?.reader.read(section, schema, before, isTaken);
    const above: ReadSection<T> | undefined = this.#local?.reader.read(section, schema, before, isTaken);
    const path = this.#local?.source.path;
    const entries = new Map([...(own?.entries ?? before), ...(above?.entries ?? [])]);
    const lines = new Map([...(own?.lines ?? []), ...(above?.lines ?? [])]);
    const written = new Map([...(own?.written ?? []), ...(above?.written ?? [])]);
    return {
      entries,
      lines,
      written,
      files: new Map(path === undefined ? [] : Array.from(above?.lines.keys() ?? [], (name) => [name, path])),
    };
  }

  #open(source: Source, needsSection: boolean): ReadFile {
    const reader = new SectionReader(source, this.#problems);
    reader.checkTop(sharedKeys, needsSection);
    return { source, reader };
  }

  #readProcesses({ source, reader }: ReadFile, home: SharedLayer): boolean {
    const context = { problems: this.#problems, system: this.#system, hasBelow: home.defaults.size > 0, isOverride: false };
    return reader.visit('processes', (entry) => {
      const other = this.#processes.get(entry.name);
      if (other && other.layers[0].source !== source) {
        this.#refuse(source, entry, other);
        return;
      }
      this.#processes.set(entry.name, { home, layers: [readProcessLayer(source, entry, context)] });
      this.#note(source, reader, entry);
    });
  }

  /** Two files have a process of the same name: the first one counts, and both places are told. */
  #refuse(source: Source, entry: Entry, { layers: [first] }: LayeredProcess): void {
    const tell = (at: Source, one: Entry, other: Source, otherOne: Entry): void => {
      const place = `${other.path ?? 'processes.json'}:${other.places.of(otherOne.key).line + 1}`;
      this.#problems.complain(
        at,
        one.key,
        `processes.${one.name}: this name is also declared at ${place}; names are unique across included files`,
      );
    };
    tell(first.source, first.entry, source, entry);
    tell(source, entry, first.source, first.entry);
  }

  #note(source: Source, reader: SectionReader, { name, key }: Entry): void {
    this.lines.set(name, reader.lineOf(key));
    if (source.path !== undefined) this.files.set(name, source.path);
  }
}

export interface ReadEntries<T> extends ReadSection<T> {
  /** Of those in the person's file, its absolute path. */
  readonly files: ReadonlyMap<string, string>;
}
