import type { JsonPath } from './jsonPaths.ts';
import { processesJsonSchema } from './schema.ts';

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

/** Which keys may stand where, as the editor's schema has it. */
export class KnownKeys {
  #schema: JsonSchema | undefined;

  at(path: JsonPath): readonly string[] {
    // Made when it is asked for the first time: most files have no unknown key.
    this.#schema ??= processesJsonSchema();
    let schemas: readonly JsonSchema[] = [this.#schema];
    for (const part of path) {
      schemas = schemas.flatMap(alternativesOf).flatMap(({ properties, additionalProperties, items }) => {
        const next = typeof part === 'number' ? items : (ownOf(properties, String(part)) ?? additionalProperties);
        return typeof next === 'object' ? [next] : [];
      });
    }
    return schemas.flatMap(alternativesOf).flatMap(({ properties = {} }) => Object.keys(properties));
  }
}

function alternativesOf(schema: JsonSchema): readonly JsonSchema[] {
  return [schema, ...(schema.anyOf ?? []).flatMap(alternativesOf)];
}

function ownOf<T>(values: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return values && Object.hasOwn(values, key) ? values[key] : undefined;
}
