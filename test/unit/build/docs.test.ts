/** The generated parts of the documentation. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { root } from '../../../src/build/paths.ts';
import { generatedDocuments } from '../../../src/build/reference/documents.ts';
import { declarationsIn } from '../../../src/build/reference/protocol.ts';
import { table, withSections } from '../../../src/build/reference/sections.ts';

describe('the documentation', () => {
  const read = (file: string): string => readFileSync(join(root, file), 'utf8');
  for (const { file, content } of generatedDocuments(read)) {
    it(`has the current reference in ${file} (npm run docs writes it)`, () => {
      assert.equal(read(file), content);
    });
  }

  it('rejects a generated section that is unknown or missing', () => {
    const document = 'Intro\n<!-- generated: a -->\nold\n<!-- end -->\nEnd\n';
    assert.equal(withSections(document, new Map([['a', 'new\n']])), 'Intro\n<!-- generated: a -->\n\nnew\n\n<!-- end -->\nEnd\n');
    assert.throws(() => withSections(document, new Map()), /no generated section 'a'/);
    assert.throws(
      () =>
        withSections(
          document,
          new Map([
            ['a', ''],
            ['b', ''],
          ]),
        ),
      /lacks the generated sections b/,
    );
  });

  it('reads declarations with their docstrings', () => {
    const source = `/** One. */
export interface One {
  /** Of it. */
  readonly a: string;
}
export type Two = { readonly b: number } & (
  | { readonly c: string }
);
/**
 * A {@link One} of
 * two lines.
 */
export const three = new RequestType<
  { readonly d: string; readonly e: number },
  One,
  void
>('three');
`;
    assert.deepEqual(
      declarationsIn(source).map(({ name, text, code }) => [name, text, code.split('\n').length]),
      [
        ['One', 'One.', 4],
        ['Two', '', 3],
        ['three', 'A `One` of two lines.', 5],
      ],
    );
  });

  it('escapes vertical bars in tables', () => {
    assert.equal(table(['Key', 'Type'], [['a', '1 | 2']]), '| Key | Type |\n| --- | --- |\n| a | 1 \\| 2 |\n');
  });

  it('has a README of at most 200 lines', () => {
    assert.ok(read('README.md').split('\n').length <= 201);
  });

  it('links only to files that exist', () => {
    const documents = [
      'README.md',
      'CONTRIBUTING.md',
      ...['guarantee', 'performance', 'models', 'configuration', 'language-servers', 'cli', 'library', 'protocol', 'limitations'].map(
        (name) => `docs/${name}.md`,
      ),
    ];
    for (const document of documents)
      for (const [, target = ''] of read(document).matchAll(/\]\((?!https?:)([^)#\s]+)/g))
        assert.doesNotThrow(() => read(join(document, '..', target)), `${document}: ${target}`);
  });
});
