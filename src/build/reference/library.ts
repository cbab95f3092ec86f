/** The reference of the library: what it declares, with its docstrings. */

export function librarySections(read: (file: string) => string): Map<string, string> {
  const source = read('src/library/api.ts');
  // Behind the imports, which no reader needs.
  const declarations = source.slice(source.indexOf('/**', source.lastIndexOf('\nimport ')));
  return new Map([['declarations', `\`\`\`ts\n${declarations.trimEnd()}\n\`\`\`\n`]]);
}
