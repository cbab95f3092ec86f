/** The reference of processes.json and of the settings, from the schema and the manifest. */
import { sharedSchemas } from '../../config/layers/layeredSchema.ts';
import { processesJsonSchema } from '../../config/schema.ts';
import { guardianVariables } from '../../protocol/guardianVariables.ts';
import { table } from './sections.ts';

/** The part of JSON Schema that the schema of processes.json uses. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema | readonly Schema[];
  readonly anyOf?: readonly Schema[];
}

interface Setting extends Schema {
  readonly default?: unknown;
  readonly markdownDescription?: string;
  readonly enumDescriptions?: readonly string[];
  readonly markdownEnumDescriptions?: readonly string[];
}

/** A section of the manifest's settings. */
interface SettingsGroup {
  readonly title: string;
  readonly properties: Readonly<Record<string, Setting>>;
}

/** The keys whose objects have a table of their own. `alive` has the keys of `ready` without its deadline. */
const ownTables: readonly string[] = ['limits', 'priority', 'ready', 'alive', 'restart', 'watch', 'schedule', 'jobs', 'envFile'];

export function configurationSections(settings: readonly SettingsGroup[], texts: Readonly<Record<string, string>>): Map<string, string> {
  const schema = processesJsonSchema() as Schema;
  const process = entryOf(schema, 'processes');
  const languageServer = entryOf(schema, 'languageServers');
  const nested = ownTables.map((key) => [key, keyTable(objectIn(propertyOf(process, key)))] as const);
  return new Map([
    ['processes', keyTable(process)],
    ['shared', keyTable({ properties: sharedOf(schema) }, process)],
    ['defaults', keyTable(propertyOf(schema, 'defaults'), process)],
    ...nested,
    ['mcpServers', keyTable(entryOf(schema, 'mcpServers'), process)],
    ['languageServers', keyTable(languageServer, process)],
    ['languageServerRestart', keyTable(objectIn(propertyOf(languageServer, 'restart')))],
    ['models', keyTable(entryOf(schema, 'models'), process)],
    ['gateway', keyTable(propertyOf(schema, 'gateway'))],
    ['variables', variableTable()],
    ['settings', settings.map((group) => settingsTable(group, texts)).join('\n')],
  ]);
}

/** Of the environment of a warden. */
function variableTable(): string {
  const rows = Object.values(guardianVariables).map(({ variable, range, standard, meaning, setting }) => [
    `\`${variable}\``,
    setting === undefined ? '' : `\`${setting}\``,
    `${meaning.slice(0, 1).toUpperCase()}${meaning.slice(1)}`,
    range,
    standard,
  ]);
  return table(['Variable', 'Setting', 'Meaning', 'Value', 'Default'], rows);
}

/** What stands beside the sections and belongs to all processes. */
function sharedOf({ properties = {} }: Schema): Readonly<Record<string, Schema>> {
  return Object.fromEntries(Object.entries(properties).filter(([key]) => Object.hasOwn(sharedSchemas, key)));
}

/** A table of the keys of an object; a key that `shared` declares alike refers to that. */
function keyTable(object: Schema, shared?: Schema): string {
  const rows = Object.entries(object.properties ?? {}).map(([key, schema]) => {
    const isShared = JSON.stringify(schema) === JSON.stringify(shared?.properties?.[key]);
    const name = object.required?.includes(key) ? `\`${key}\` (required)` : `\`${key}\``;
    const link = ownTables.includes(key) && shared === undefined ? ` See [\`${key}\`](#${key.toLowerCase()}).` : '';
    return [name, typeOf(schema), isShared ? 'As for [processes](#processes).' : codeSpans(schema.description ?? '') + link];
  });
  return table(['Key', 'Type', 'Meaning'], rows);
}

function settingsTable({ title, properties }: SettingsGroup, texts: Readonly<Record<string, string>>): string {
  const fill = (text: string): string =>
    text.replaceAll(/^%(.+)%$/g, (_, key: string) => texts[key] ?? key).replaceAll(/`#(.+?)#`/g, '`$1`');
  const rows = Object.entries(properties).map(([name, setting]) => {
    const values = (setting.markdownEnumDescriptions ?? setting.enumDescriptions ?? []).map(
      (text, index) => ` \`${String(setting.enum?.[index])}\`: ${fill(text)}`,
    );
    const meaning = fill(setting.markdownDescription ?? setting.description ?? '');
    return [`\`${name}\``, `\`${JSON.stringify(setting.default)}\``, meaning + values.join('')];
  });
  return `### ${fill(title)}\n\n${table(['Setting', 'Default', 'Meaning'], rows)}`;
}

function typeOf(schema: Schema): string {
  if (schema.enum) return schema.enum.map((value) => `\`${JSON.stringify(value)}\``).join(', ');
  if (schema.anyOf) return [...new Set(schema.anyOf.map(typeOf))].join(' or ');
  if (Array.isArray(schema.type)) return schema.type.join(' or ');
  if (schema.type === 'array') return Array.isArray(schema.items) ? 'list' : `list of ${typeOf(schema.items as Schema)}`;
  if (schema.type === 'integer') return `integer${rangeOf(schema)}`;
  return String(schema.type ?? 'any');
}

function rangeOf({ minimum, maximum }: Schema): string {
  const isBound = (value: number | undefined): value is number => value !== undefined && Math.abs(value) < Number.MAX_SAFE_INTEGER;
  if (isBound(minimum) && isBound(maximum)) return ` from ${minimum} to ${maximum}`;
  return isBound(minimum) ? `, at least ${minimum}` : '';
}

/** What a description quotes is code. */
function codeSpans(description: string): string {
  return description.replaceAll(/"[^"\s]+(?: [^"]+)?"|\$\{[^}]+\}|\[[^\]]*\]/g, (quoted) => `\`${quoted}\``);
}

function entryOf(schema: Schema, section: string): Schema {
  const entry = propertyOf(schema, section).additionalProperties;
  if (typeof entry !== 'object') throw new Error(`The schema of '${section}' declares no entries.`);
  return entry;
}

function propertyOf({ properties = {} }: Schema, key: string): Schema {
  const property = properties[key];
  if (!property) throw new Error(`The schema has no key '${key}'.`);
  return property;
}

/** The object among the alternatives of a value. */
function objectIn(schema: Schema): Schema {
  const found = [schema, ...(schema.anyOf ?? []).flatMap((one) => [one, ...(one.anyOf ?? [])])].find(({ properties }) => properties);
  if (!found) throw new Error('The schema has no object here.');
  return found;
}
