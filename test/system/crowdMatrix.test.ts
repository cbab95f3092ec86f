import { tryMatrixOfCrowds } from '../support/matrix.ts';

tryMatrixOfCrowds();
