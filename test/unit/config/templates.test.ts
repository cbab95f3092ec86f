/** A template that the warden fills in is what the same spec is where the client fills everything in. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ProcessSpec } from '../../../src/config/processSchema.ts';
import { type ResolveContext, resolveSpec, resolveTemplate } from '../../../src/config/resolveSpec.ts';
import { fillTemplate, portKey, portNamesIn } from '../../../src/protocol/processTemplate.ts';
import { holdsFor } from '../../support/property.ts';

/** What a replacement string, a second pass or a template further on would make something else of. */
const treacherous = ['$&', '$$', "$'", '${port}', '${port:zzz}', '${instance}', '${env:OTHER}', '${workspaceFolder}', '$', '{instance}'];
const value = fc
  .array(fc.oneof(fc.constantFrom(...treacherous), fc.string({ maxLength: 4 })))
  .map((parts) => parts.join('').replaceAll('\0', ''));

const ports: Record<string, number> = { web: 3000, 'web#2': 3002, admin: 3001, 'admin#2': 3003 };
const portOf = (key: string): number => ports[key] ?? assert.fail(`a port '${key}' was asked for`);

function contextOf(given: Partial<ResolveContext> = {}): ResolveContext {
  return { workspaceFolder: '/w', env: {}, portFor: () => assert.fail('the client looked for a port'), ...given };
}

const spec = {
  command: ['serve', '${port:web}', '${instance}', '${env:X}', '${workspaceFolder}', '${HOME}'],
  cwd: 'work-${instance}',
  env: { N: '${instance}', WHERE: 'http://localhost:${port:admin}/${env:X}', GONE: null },
  ready: { http: 'http://127.0.0.1:${port:web}/${instance}' },
  alive: { tcp: 'localhost:${port:admin}' },
} as unknown as ProcessSpec;

describe('a template', () => {
  for (const instance of [1, 2])
    it(`of instance ${instance} is what the client would have started`, () =>
      holdsFor(fc.tuple(value, value), async ([folder, own]) => {
        const given = { workspaceFolder: `/${folder}`, env: { X: own, OTHER: 'other' } };
        const template = await resolveTemplate(spec, contextOf(given));
        const byWarden = fillTemplate(template, { instance, portOf: (name) => portOf(portKey(name, instance)), values: {} });
        const portFor = (name: string): Promise<number> => Promise.resolve(portOf(portKey(name, instance)));
        const { name: _, ...byClient } = await resolveSpec('a', spec, contextOf({ ...given, instance, portFor }));
        assert.deepEqual(byWarden, byClient);
      }));

  it('says which ports it needs, each once', async () => {
    assert.deepEqual(portNamesIn(await resolveTemplate(spec, contextOf({ env: { X: '${port:zzz}' } }))).sort(), ['admin', 'web']);
  });

  it('has the ports by the names that the client gives them', async () => {
    const template = await resolveTemplate(
      spec,
      contextOf({ env: { X: '${port:web}' }, portName: (name) => (name === 'web' ? 'a/web' : name) }),
    );
    assert.deepEqual(portNamesIn(template).sort(), ['a/web', 'admin']);
  });

  it('has a port of a probe that is made of several parts', async () => {
    const template = await resolveTemplate({ command: 'x', ready: { tcp: '300${instance}' } } as ProcessSpec, contextOf());
    assert.deepEqual(fillTemplate(template, { instance: 2, portOf, values: {} }).ready?.check, {
      by: 'tcp',
      host: 'localhost',
      port: 3002,
    });
  });

  it('whose port is none is refused when it is filled in', async () => {
    const template = await resolveTemplate({ command: 'x', ready: { tcp: '7000${instance}' } } as ProcessSpec, contextOf());
    assert.throws(() => fillTemplate(template, { instance: 1, portOf, values: {} }), /'70001' cannot be connected to: it is no port\./);
  });

  it('cannot have an environment file for each instance', async () => {
    const own = { command: 'x', envFile: '.env.${instance}' } as ProcessSpec;
    await assert.rejects(resolveTemplate(own, contextOf()), {
      message: /\.env\.\$\{instance\} cannot be read: all instances share one, so its path must not contain values of an instance/,
    });
  });
});
