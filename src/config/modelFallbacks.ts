import type { ModelProblem } from './modelNames.ts';
import type { ModelSpec } from './modelSchema.ts';

type Fallbacks = ReadonlyMap<string, Pick<ModelSpec, 'fallback'>>;

/**
 * What is wrong with the fallbacks of models, each as a clause behind the name of the key.
 * @param names Of all models, those with mistakes of their own included.
 */
export function fallbackProblems(models: Fallbacks, names: ReadonlySet<string>): ModelProblem[] {
  return [...models].flatMap(([name, { fallback }]) => {
    if (fallback === undefined) return [];
    if (!names.has(fallback)) return [{ name, key: 'fallback', message: `there is no model '${fallback}'` }];
    const chain = chainOf(name, models);
    return chain.at(-1) === name && chain.length > 1
      ? [{ name, key: 'fallback', message: `models must not be each other’s fallbacks: ${chain.join(' → ')}` }]
      : [];
  });
}

/** These models, and those that they may fall back to. */
export function withFallbacks(names: readonly string[], models: Fallbacks): string[] {
  return [...new Set(names.flatMap((name) => chainOf(name, models)))];
}

/** The model and its fallbacks, up to the first one that was in it before. */
function chainOf(name: string, models: Fallbacks): string[] {
  const chain = [name];
  for (let next = models.get(name)?.fallback; next !== undefined; next = models.get(next)?.fallback) {
    const isKnown = chain.includes(next);
    chain.push(next);
    if (isKnown) break;
  }
  return chain;
}
