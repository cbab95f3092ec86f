import type { ModelSnapshot } from '../protocol/models.ts';
import { visible } from '../protocol/visible.ts';
import { make } from './element.ts';

/** The names that a request may have: of models, and of their variants. */
export function namesOf(models: readonly ModelSnapshot[]): string[] {
  return models.flatMap(({ name, variants = [] }) => [name, ...variants.map((variant) => variant.name)]);
}

/** Fills a list to choose a model from, where that has changed. `none`: what stands for no model; such an entry is there only where it is given. */
export function fillModels(select: HTMLSelectElement, models: readonly ModelSnapshot[], chosen: string, none?: string): void {
  const names = [...(none === undefined ? [] : ['']), ...namesOf(models)];
  const shown = Array.from(select.options, ({ value }) => value);
  if (names.length !== shown.length || names.some((name, index) => name !== shown[index]))
    select.replaceChildren(...names.map((name) => make('option', { value: name }, name === '' ? (none ?? '') : visible(name))));
  if (names.includes(chosen)) select.value = chosen;
}
