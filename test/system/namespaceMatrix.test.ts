import { tryMatrixIn } from '../support/matrix.ts';

tryMatrixIn('namespace', 'namespaceMatrix');
