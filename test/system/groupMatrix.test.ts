import { tryMatrixIn } from '../support/matrix.ts';

tryMatrixIn('group', 'groupMatrix');
