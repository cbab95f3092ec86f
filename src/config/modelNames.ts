import type { ModelSpec } from './modelSchema.ts';

type Named = ReadonlyMap<string, Pick<ModelSpec, 'aliases' | 'variants'>>;

/** Aliases and variants that stand for another model already, so that no request would reach this one by them; each as a clause behind the key. */
export function modelNameProblems(
  models: Named,
): { readonly name: string; readonly key: 'aliases' | 'variants'; readonly message: string }[] {
  const holders = new Map([...models.keys()].map((name) => [name, 'the name of a model']));
  return [...models].flatMap(([name, { aliases = [], variants = {} }]) => {
    const further = [
      // Its own name among them changes nothing.
      ...[...new Set(aliases)].filter((alias) => alias !== name).map((one) => ({ key: 'aliases' as const, what: 'an alias', one })),
      ...Object.keys(variants).map((one) => ({ key: 'variants' as const, what: 'a variant', one })),
    ];
    return further.flatMap(({ key, what, one }) => {
      const holder = holders.get(one);
      holders.set(one, holder ?? `${what} of '${name}'`);
      return holder ? [{ name, key, message: `'${one}' is ${holder} already` }] : [];
    });
  });
}
