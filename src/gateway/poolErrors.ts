import { errorText } from '../protocol/errors.ts';
import { GatewayError } from './gatewayError.ts';

/** Time after which a client may retry when another model does not release the memory, in seconds. */
const memorySeconds = 10;

/** The model was removed from the declarations. */
export function notDeclared(model: string): GatewayError {
  return new GatewayError(404, `'${model}' is not declared any more.`, { code: 'model_not_found', param: 'model' });
}

/** The declaration of the model has changed; the request can be repeated. */
export function declaredAnew(model: string): GatewayError {
  return new GatewayError(503, `'${model}' is declared anew; ask again.`, { retry: true });
}

/** A person has unloaded the model: a client that repeated its request by itself would undo that. */
export function unloadedByUser(model: string): GatewayError {
  return new GatewayError(503, `'${model}' was unloaded.`, { retry: false });
}

/** The queue of the model is full. */
export function queueFull(model: string, queued: number, retryAfterSeconds: number): GatewayError {
  return new GatewayError(429, `${queued} requests are waiting for '${model}', which is all that may (maxQueue).`, {
    retryAfterSeconds,
    mayFallBack: true,
  });
}

/** Another model has not released the memory, for this reason. */
export function memoryNotBack(reason: Error): GatewayError {
  return new GatewayError(503, errorText(reason), { retryAfterSeconds: memorySeconds, mayFallBack: true });
}
