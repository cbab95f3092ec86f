import { dependencyProblems } from './dependencies.ts';
import type { GatewaySpec } from './gatewaySchema.ts';
import { jobProblems, withJobLifetime } from './jobRules.ts';
import { parseJsonTree } from './jsonText.ts';
import { type LanguageServerSpec, languageServerSchema } from './languageServerSchema.ts';
import { checkGatewayKeys } from './layers/gatewayKeys.ts';
import { type FileAccess, IncludedFiles } from './layers/includedFiles.ts';
import { LayeredFiles, type ReadEntries } from './layers/layeredFiles.ts';
import type { SystemKey } from './layers/layeredSchema.ts';
import { type Problem, ProblemList } from './layers/problemList.ts';
import { type InheritedProcess, ProcessInheritance } from './layers/processInheritance.ts';
import { placeOf, type ResolvedSetting, settingsIn, settingsOf } from './layers/resolvedSettings.ts';
import type { Source } from './layers/source.ts';
import { type McpServerSpec, mcpServerSchema } from './mcpServerSchema.ts';
import { fallbackProblems } from './modelFallbacks.ts';
import { modelNameProblems } from './modelNames.ts';
import { type ModelSpec, modelSchema } from './modelSchema.ts';
import { Places } from './places.ts';
import type { ProcessSpec } from './processSchema.ts';
import { scheduleProblems } from './scheduleProblems.ts';
import { maxTextBytes, withoutByteOrderMark } from './textFile.ts';

export type { Problem } from './layers/problemList.ts';

/** Where something is declared. */
export interface DeclaredAt {
  /** Absolute path; absent for the workspace's own processes.json. */
  readonly file?: string;
  /** Zero-based. */
  readonly line: number;
}

export interface ParsedProcesses {
  /** In the order of the file. An invalid entry is left out, or is the one from before the file was changed. */
  readonly specs: ReadonlyMap<string, ProcessSpec>;
  readonly models: ReadonlyMap<string, ModelSpec>;
  /** What all models share. */
  readonly gateway: GatewaySpec;
  readonly mcpServers: ReadonlyMap<string, McpServerSpec>;
  readonly languageServers: ReadonlyMap<string, LanguageServerSpec>;
  readonly problems: readonly Problem[];
  /** The first problem of each process and model that cannot be used as it is written, by name. */
  readonly mistakes: ReadonlyMap<string, Problem>;
  /** The first problem that belongs to no process or model. An empty file has none. */
  readonly general?: Problem;
  /** None of the newest text could be read: all that is declared is as it was before. */
  readonly isKept?: true;
  /** Where the name of each process and each model stands, for "reveal". */
  readonly lines: ReadonlyMap<string, number>;
  /** The same of each language server, which may have the name of a process. */
  readonly languageServerLines: ReadonlyMap<string, number>;
  /** The file of each process and model that another file declares than the workspace's own processes.json, as an absolute path. */
  readonly files: ReadonlyMap<string, string>;
  /** The same of each language server. */
  readonly languageServerFiles: ReadonlyMap<string, string>;
  /** The processes that are turned off, and where. */
  readonly disabled: ReadonlyMap<string, DeclaredAt>;
  /** What each process consists of, by name, and where each of it comes from. */
  readonly settings: ReadonlyMap<string, () => readonly ResolvedSetting[]>;
  /** The same of each model. */
  readonly modelSettings: ReadonlyMap<string, () => readonly ResolvedSetting[]>;
  /** The texts of the other files that could be read, by path; a later mistake in one of them falls back to it. */
  readonly texts: ReadonlyMap<string, string>;
  /** Absolute paths of the files that this depends on, beside the workspace's own two. */
  readonly watched: readonly string[];
}

const nothing: ParsedProcesses = {
  specs: new Map(),
  models: new Map(),
  gateway: {},
  mcpServers: new Map(),
  languageServers: new Map(),
  problems: [],
  mistakes: new Map(),
  lines: new Map(),
  languageServerLines: new Map(),
  files: new Map(),
  languageServerFiles: new Map(),
  disabled: new Map(),
  settings: new Map(),
  modelSettings: new Map(),
  texts: new Map(),
  watched: [],
};

/** What there is beside the text of a processes.json. */
export interface ParseOptions {
  /** Whose values count where an entry has some for each system. */
  readonly system?: SystemKey;
  /** Where the file is; absent where its `include` is not to be followed. */
  readonly location?: ParseLocation;
  /** The processes.local.json beside it. */
  readonly local?: { readonly path: string; readonly text: string };
}

export interface ParseLocation {
  /** Absolute, of the processes.json. */
  readonly path: string;
  /** Absolute, of the workspace. */
  readonly folder: string;
  readonly access: FileAccess;
}

/**
 * Reads a processes.json with comments and trailing commas, and the files that belong to it. Never throws: what is wrong is in the answer, with its place.
 * Of `before`, what the same file declared last, all is kept that cannot be read now. Its time grows with the length of the texts.
 */
export function parseProcesses(written: string, before = nothing, options: ParseOptions = {}): ParsedProcesses {
  const text = withoutByteOrderMark(written);
  if (text.length > maxTextBytes) {
    const message = `The file is larger than ${maxTextBytes / 2 ** 20} MB; none of it is read.`;
    return unread(before, [{ line: 0, column: 0, endLine: 0, endColumn: 0, message }]);
  }
  const places = new Places(text);
  const { tree, faults } = parseJsonTree(text);
  if (faults.length > 0)
    return unread(
      before,
      faults.map((fault) => ({ ...places.of(fault), message: fault.message, ...(fault.isJson && { isJson: true }) })),
    );
  if (tree === undefined) {
    const empty: Problem = { ...places.of({ offset: 0, length: 0 }), message: 'The file is empty. Start with { "processes": { } }' };
    return { ...before, problems: [empty], mistakes: new Map(), isKept: true };
  }
  return parseTree({ tree, places }, before, options);
}

function parseTree(root: Source, before: ParsedProcesses, { system = 'linux', location, local }: ParseOptions): ParsedProcesses {
  const problems = new ProblemList();
  const layered = new LayeredFiles(problems, system);
  const included = new IncludedFiles({
    problems,
    access: location?.access ?? noFiles,
    lastTexts: before.texts,
    take: (source) => layered.addIncluded(source),
  });
  const rootInclude = layered.addRoot(root);
  const localSource = local && included.parse(local.path, local.text, undefined);
  const localInclude = localSource ? layered.addLocal(localSource) : [];
  layered.readRoot();
  if (location) {
    const { folder, path, access } = location;
    const chain = [realPathOf(access, path)];
    included.follow(rootInclude, { source: root, folder, chain });
    if (localSource) included.follow(localInclude, { source: localSource, folder, chain });
  } else {
    included.leaveOut(rootInclude, root);
    if (localSource) included.leaveOut(localInclude, localSource);
  }
  layered.readLocal();
  const { isReadable, lines, files } = layered;
  const isProcess = (name: string): boolean => lines.has(name);
  const models = readModels(layered, problems, before, isProcess);
  // When all models are known: a process may depend on one.
  const modelNames = new Set(models.lines.keys());
  checkGatewayKeys(layered.ownSources, problems, modelNames);
  const { specs, disabled, settings } = resolveAll({ layered, problems, before, system, modelNames, isPartial: included.isPartial });
  const mcpServers = layered.read('mcpServers', mcpServerSchema, before.mcpServers);
  const languageServers = layered.read('languageServers', languageServerSchema, before.languageServers);
  return {
    specs: isReadable ? specs : before.specs,
    models: models.entries,
    gateway: layered.gateway ?? before.gateway,
    mcpServers: mcpServers.entries,
    languageServers: languageServers.entries,
    problems: problems.all,
    mistakes: problems.mistakes,
    ...(problems.general && { general: problems.general }),
    lines: new Map([...lines, ...models.lines]),
    languageServerLines: languageServers.lines,
    files: new Map([...files, ...models.files]),
    languageServerFiles: languageServers.files,
    disabled,
    settings: isReadable ? settings : before.settings,
    modelSettings: new Map(
      Array.from(models.written, ([name, { source, value }]) => [name, () => settingsIn(source, value)] as const).filter(([name]) =>
        models.entries.has(name),
      ),
    ),
    texts: included.texts,
    watched: [...included.watched],
  };
}

/** One whose names or fallback cannot be is as it was before. */
function readModels(
  layered: LayeredFiles,
  problems: ProblemList,
  before: ParsedProcesses,
  isProcess: (name: string) => boolean,
): ReadEntries<ModelSpec> {
  const read = layered.read('models', modelSchema, before.models, isProcess);
  const entries = new Map(read.entries);
  const names = new Set(read.lines.keys());
  for (const { name, key, message } of [...modelNameProblems(read.entries, names), ...fallbackProblems(read.entries, names)]) {
    const { source, value } = read.written.get(name) ?? {};
    if (!source || !value) continue;
    problems.reading = name;
    problems.complain(source, problems.paths.keyAt(value, [key]) ?? value, `models.${name}.${key}: ${message}`);
    problems.reading = undefined;
    const kept = before.models.get(name);
    if (kept && kept !== entries.get(name)) entries.set(name, kept);
    else entries.delete(name);
  }
  return { ...read, entries };
}

interface ResolvedProcesses {
  readonly specs: ReadonlyMap<string, ProcessSpec>;
  readonly disabled: ReadonlyMap<string, DeclaredAt>;
  readonly settings: ReadonlyMap<string, () => readonly ResolvedSetting[]>;
}

interface ResolveParts {
  readonly layered: LayeredFiles;
  readonly problems: ProblemList;
  readonly before: ParsedProcesses;
  readonly system: SystemKey;
  readonly modelNames: ReadonlySet<string>;
  /** Not all included files could be read. */
  readonly isPartial: boolean;
}

/** The processes of all files, with what they inherit; an invalid one is as it was before. */
function resolveAll({ layered, problems, before, system, modelNames, isPartial }: ResolveParts): ResolvedProcesses {
  const { processes } = layered;
  const inheritance = new ProcessInheritance(processes, problems, system);
  const resolved = new Map<string, InheritedProcess>();
  const specs = new Map<string, ProcessSpec>();
  for (const name of processes.keys()) {
    const one = inheritance.resolve(name);
    if (one) resolved.set(name, one);
    const spec = one?.spec ?? before.specs.get(name);
    if (spec) specs.set(name, spec);
  }
  const dependencies = dependencyProblems(specs, { processes: new Set(processes.keys()), models: modelNames, isPartial });
  const across = [
    ...dependencies.map(({ dependency, ...problem }) => ({ ...problem, key: 'dependsOn', within: [dependency] })),
    ...scheduleProblems(specs).map((problem) => ({ ...problem, key: 'schedule', within: [] })),
    ...jobProblems(specs).map((problem) => ({ ...problem, within: [] })),
  ];
  for (const { name, key, within, message } of across) {
    const layer = processes.get(name)?.layers.at(-1);
    const setting = resolved.get(name)?.settings.get(key);
    const [source, node] = setting ? [setting.source, setting.node] : [layer?.source, layer?.entry.value];
    if (source === undefined || node === undefined) continue;
    problems.reading = name;
    problems.complain(source, problems.paths.keyAt(node, within) ?? node, `${['processes', name, key, ...within].join('.')}: ${message}`);
    problems.reading = undefined;
    const kept = before.specs.get(name);
    if (kept && kept !== specs.get(name)) specs.set(name, kept);
    else specs.delete(name);
  }
  const disabled = new Map<string, DeclaredAt>();
  for (const [name, one] of resolved) {
    const setting = one.settings.get('disabled');
    if (one.isDisabled && setting) disabled.set(name, placeOf(setting));
  }
  const settings = new Map<string, () => readonly ResolvedSetting[]>();
  for (const name of processes.keys()) {
    const one = resolved.get(name);
    const settingsBefore = before.settings.get(name);
    if (one) settings.set(name, () => settingsOf(one, disabled));
    else if (settingsBefore) settings.set(name, settingsBefore);
  }
  return {
    specs: new Map(
      [...specs].flatMap(([name, spec]) => (disabled.has(name) ? [] : [[name, withJobLifetime(withoutDisabled(spec, disabled))]])),
    ),
    disabled,
    settings,
  };
}

/** What depends on a process that is turned off does not wait for it. */
function withoutDisabled(spec: ProcessSpec, disabled: ReadonlyMap<string, unknown>): ProcessSpec {
  const { dependsOn, ...others } = spec;
  if (!dependsOn?.some(({ name }) => disabled.has(name))) return spec;
  const left = dependsOn.filter(({ name }) => !disabled.has(name));
  return { ...others, ...(left.length > 0 && { dependsOn: left }) };
}

const noFiles: FileAccess = {
  read: () => {
    throw new Error('no files can be read here');
  },
  realPath: (path) => path,
};

/** Itself where there is no such file. */
function realPathOf(access: FileAccess, path: string): string {
  try {
    return access.realPath(path);
  } catch {
    return path;
  }
}

/** A file of which nothing can be read declares what it declared before. */
function unread(before: ParsedProcesses, problems: readonly Problem[]): ParsedProcesses {
  const [general] = problems;
  return { ...before, problems, mistakes: new Map(), ...(general && { general }), isKept: true };
}
