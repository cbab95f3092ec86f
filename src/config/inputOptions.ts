/** Apart from the schema, which takes the validation library with it. */

interface WrittenOptions {
  readonly options: readonly (string | { readonly label?: string | undefined; readonly value: string })[];
}

/** The options of a `pickString`, each with what is shown of it. */
export function optionsOf({ options }: WrittenOptions): { readonly label: string; readonly value: string }[] {
  return options.map((one) => (typeof one === 'string' ? { label: one, value: one } : { label: one.label ?? one.value, value: one.value }));
}
