/** Settings as a server asks for them: those of the editor, and above them the literal ones of its declaration. */

/** Maximum number of parts of a key; one with more is taken as it is. */
const maxParts = 32;

type Json = Readonly<Record<string, unknown>>;

/** The part of some settings that a section such as `yaml.schemas` names; the whole without a section. Keys may be written in parts or as a whole, as in settings.json. */
export function sectionOf(settings: Json, section: string | undefined): unknown {
  const nested = nestedSettings(settings);
  if (!section) return nested;
  return section
    .split('.')
    .reduce<unknown>((value, part) => (isObject(value) && Object.hasOwn(value, part) ? value[part] : undefined), nested);
}

/** One inside the other: objects are merged, anything else of `above` takes the place of what is below. */
export function mergedSettings(below: unknown, above: unknown): unknown {
  if (above === undefined) return below;
  if (!isObject(below) || !isObject(above)) return above;
  const merged = copyOf(below);
  for (const [key, value] of Object.entries(above)) merged[key] = mergedSettings(Object.hasOwn(below, key) ? below[key] : undefined, value);
  return merged;
}

/** `{ "yaml.validate": true }` as `{ yaml: { validate: true } }`, as the editor has it. */
export function nestedSettings(settings: Json): Json {
  let nested: unknown = copyOf({});
  for (const [key, value] of Object.entries(settings)) {
    const parts = key.split('.', maxParts + 1);
    const path = parts.length > maxParts ? [key] : parts.reverse();
    const wrapped = path.reduce<unknown>((inner, part) => Object.assign(copyOf({}), { [part]: inner }), value);
    nested = mergedSettings(nested, wrapped);
  }
  return nested as Json;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Without a prototype: a key is a key, also where it is called `__proto__`. */
function copyOf(value: Json): Record<string, unknown> {
  return Object.assign(Object.create(null) as Record<string, unknown>, value);
}
