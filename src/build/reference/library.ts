/** The reference of the library: what it declares, with its docstrings, and the programs of the comparison, which the bench runs. */

const programs = { 'Tree Warden': 'withTreeWarden.mjs', execa: 'withExeca.mjs' } as const;

export function librarySections(read: (file: string) => string): Map<string, string> {
  const source = read('src/library/api.ts');
  // Behind the imports, which no reader needs.
  const declarations = source.slice(source.indexOf('/**', source.lastIndexOf('\nimport ')));
  const listings = Object.entries(programs).map(
    ([name, file]) => `With ${name}:\n\n${listing('js', read(`test/fixtures/comparison/${file}`))}`,
  );
  return new Map([
    ['declarations', listing('ts', declarations)],
    ['comparison', listings.join('\n')],
  ]);
}

function listing(language: string, code: string): string {
  return `\`\`\`${language}\n${code.trimEnd()}\n\`\`\`\n`;
}
