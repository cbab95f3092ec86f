import type { ModelSpec } from './modelSchema.ts';

/** What is wrong with a key of a model, as a clause. */
export interface ModelProblem {
  readonly name: string;
  readonly key: 'aliases' | 'variants' | 'fallback';
  readonly message: string;
}

/** Aliases and variants that are names of something else, too: which of the two a request means could only be guessed. Of two models, the later one is wrong. */
export function modelNameProblems(
  models: ReadonlyMap<string, Pick<ModelSpec, 'aliases' | 'variants'>>,
  names: ReadonlySet<string>,
): ModelProblem[] {
  const owners = new Map<string, string>();
  return [...models].flatMap(([name, { aliases = [], variants = {} }]) => {
    const problemOf = (written: string): string | undefined => {
      const owner = owners.get(written);
      if (written !== name && names.has(written)) return `'${written}' is the name of another model`;
      return owner === undefined || owner === name ? undefined : `'${written}' is a name of '${owner}' already`;
    };
    const own = new Set([name, ...aliases]);
    const problems: (ModelProblem | undefined)[] = [
      ...aliases.map((alias) => asProblem(name, 'aliases', problemOf(alias))),
      ...Object.keys(variants).map((variant) =>
        asProblem(name, 'variants', own.has(variant) ? `'${variant}' is the model’s own name, or an alias of it` : problemOf(variant)),
      ),
    ];
    for (const written of [...aliases, ...Object.keys(variants)]) if (!owners.has(written)) owners.set(written, name);
    return problems.filter((one) => one !== undefined);
  });
}

function asProblem(name: string, key: ModelProblem['key'], message: string | undefined): ModelProblem | undefined {
  return message === undefined ? undefined : { name, key, message };
}
