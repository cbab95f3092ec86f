/** What can be wrong with dependencies across the processes of a file. */
import type { Dependency } from '../protocol/declare.ts';
import { modelDependency, modelOfDependency } from '../protocol/names.ts';
import { nearestKey } from './nearestKey.ts';
import type { ProcessSpec } from './processSchema.ts';

export interface DependencyProblem {
  /** Name of the process that declares it. */
  readonly name: string;
  readonly dependency: string;
  /** Without the place. */
  readonly message: string;
}

/** Number of unknown names for which a similar one is looked for: in a large file, that takes time. */
const maxSuggestions = 20;

/** What a file names, also what has a mistake. */
interface Named {
  readonly processes: ReadonlySet<string>;
  readonly models: ReadonlySet<string>;
  /** Some files that may declare further processes were not read: an unknown name may be one of theirs. */
  readonly isPartial?: boolean;
}

/**
 * Dependencies that can never be met.
 * @param specs The processes whose dependencies are checked.
 */
export function dependencyProblems(specs: ReadonlyMap<string, ProcessSpec>, named: Named): DependencyProblem[] {
  const problems: DependencyProblem[] = [];
  for (const [name, spec] of specs)
    for (const one of spec.dependsOn ?? []) {
      const message = named.processes.has(one.name)
        ? problemWith(name, spec, one, specs)
        : (problemWithModel(spec, one, named.models) ?? unknown(one.name, named, problems.length < maxSuggestions));
      if (message) problems.push({ name, dependency: one.name, message });
    }
  return [...problems, ...circles(specs)];
}

/** Undefined where the dependency is no model of the file; empty where nothing is wrong with it. */
function problemWithModel(
  { lifetime }: ProcessSpec,
  { name, condition, restart }: Dependency,
  models: ReadonlySet<string>,
): string | undefined {
  const model = modelOfDependency(name);
  if (model === undefined || !models.has(model)) return undefined;
  if (lifetime === 'detached')
    return 'a detached process cannot wait for a model: that ends with the window, or the command, that serves it';
  if (condition === 'succeeded' || condition === 'ended') return `a model can be "started" or "ready"; it never is "${condition}"`;
  return restart ? 'a model answers at the same address after each load: there is nothing to restart for' : '';
}

/** Empty where it may be known elsewhere. */
function unknown(name: string, { processes, models, isPartial = false }: Named, isSuggesting: boolean): string {
  if (models.has(name)) return `there is no process '${name}'. The model is "${modelDependency(name)}"`;
  if (isPartial) return '';
  const meant = isSuggesting ? nearestKey(name, [...processes, ...Array.from(models, modelDependency)]) : undefined;
  const model = modelOfDependency(name);
  // Those of the files that it includes are not read.
  const missing =
    model === undefined ? `there is no process '${name}'` : `there is no model '${model}' in the workspace's own processes.json`;
  return `${missing}${meant === undefined ? '' : `. Did you mean "${meant}"?`}`;
}

function problemWith(
  name: string,
  spec: ProcessSpec,
  { name: dependency, condition }: Dependency,
  specs: ReadonlyMap<string, ProcessSpec>,
): string | undefined {
  if (dependency === name) return 'a process cannot depend on itself';
  const other = specs.get(dependency);
  if (other === undefined) return undefined;
  if (other.jobs) return `'${dependency}' is a pool of jobs, which is not started itself: nothing can wait for it`;
  if ((other.lifetime ?? 'managed') !== (spec.lifetime ?? 'managed'))
    return `'${dependency}' has another lifetime ("${other.lifetime ?? 'managed'}"); a process can only wait for one that lives as long as it does`;
  const restart = typeof other.restart === 'object' ? other.restart.when : other.restart;
  if (restart === 'always' && (condition === 'succeeded' || condition === 'ended'))
    return `'${dependency}' never ends for good: it has "restart": "always"`;
  return undefined;
}

/** One problem for each dependency that closes a circle. */
function circles(specs: ReadonlyMap<string, ProcessSpec>): DependencyProblem[] {
  const problems: DependencyProblem[] = [];
  const finished = new Set<string>();
  for (const start of specs.keys()) {
    const path: { readonly name: string; readonly left: string[] }[] = [];
    const places = new Map<string, number>();
    const enter = (name: string): void => {
      places.set(name, path.length);
      path.push({ name, left: (specs.get(name)?.dependsOn ?? []).map((one) => one.name).reverse() });
    };
    if (!finished.has(start)) enter(start);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const next = top.left.pop();
      const from = next === undefined ? undefined : places.get(next);
      if (next === undefined) {
        finished.add(top.name);
        places.delete(top.name);
        path.pop();
      } else if (from !== undefined && next !== top.name) {
        const circle = [...path.slice(from).map(({ name }) => name), next];
        problems.push({ name: top.name, dependency: next, message: `the dependencies form a circle: ${shown(circle)}` });
      } else if (from === undefined && !finished.has(next)) enter(next);
    }
  }
  return problems;
}

/** Number of names of a circle that a message has at each end. */
const shownAtEnds = 5;

function shown(circle: readonly string[]): string {
  const names =
    circle.length <= 2 * shownAtEnds ? circle : [...circle.slice(0, shownAtEnds), '…', ...circle.slice(circle.length - shownAtEnds)];
  return names.join(' → ');
}
