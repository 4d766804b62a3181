/** The account of every emulator, which no real one can be. */
export const ACCOUNT = '000000000000';
