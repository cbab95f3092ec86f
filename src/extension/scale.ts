import type { ProcessSpec } from '../spec/processSchema.ts';

interface Declared {
  readonly name: string;
  readonly spec: ProcessSpec;
}

/** How many instances of each spec there are to be: what its file says, until somebody says otherwise. */
export class Scale {
  /** What the files said when they were looked at last. */
  readonly #declared = new Map<string, number>();
  readonly #chosen = new Map<string, number>();

  wanted(name: string, { instances = 1 }: ProcessSpec): number {
    return this.#chosen.get(name) ?? instances;
  }

  /** For as long as the file says nothing else. */
  set(name: string, instances: number): void {
    this.#chosen.set(name, instances);
  }

  /** Those of which the file says something else than before: that counts now. */
  takeChanges<D extends Declared>(declared: readonly D[]): D[] {
    return declared.filter(({ name, spec: { instances = 1 } }) => {
      const before = this.#declared.get(name);
      this.#declared.set(name, instances);
      if (before === undefined || before === instances) return false;
      this.#chosen.delete(name);
      return true;
    });
  }
}
