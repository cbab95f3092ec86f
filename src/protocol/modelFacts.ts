/** What clients of a model have to know of it before they ask it. */

/** What a model can do, by the names that Ollama's API has for it. */
export const capabilities = ['completion', 'tools', 'vision', 'audio', 'thinking', 'embedding', 'reranking'] as const;
export type Capability = (typeof capabilities)[number];

export interface ModelFacts {
  /** Tokens that one conversation can have, prompt and answer together. */
  readonly contextSize?: number;
  /** The same as the model was trained for; a server may give it less. */
  readonly trainedContext?: number;
  readonly capabilities?: readonly Capability[];
  /** Of its weights, in bytes. */
  readonly sizeBytes?: number;
}

/** A request to a server that has loaded its model, whose answer tells facts of it. */
export interface FactRequest {
  readonly path: string;
  /** Absent: GET. */
  readonly body?: Readonly<Record<string, unknown>>;
}

/** What is changed in the outermost object of a request before it is sent on. */
export interface RequestChanges {
  /** Fields that it has then, whatever the client has written in them. */
  readonly set?: Readonly<Record<string, unknown>>;
  /** Fields that it does not have then. */
  readonly strip?: readonly string[];
}

/** A further name of a model, with changes of its own. */
export interface ModelVariant extends RequestChanges {
  readonly name: string;
  readonly description?: string;
}
