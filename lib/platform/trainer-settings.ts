import { ENV, readOptional } from './environment.ts';

/** The Python interpreter of trainers, for code that runs inside a model process. */
export const pythonOfThisProcess = (): string => readOptional(process.env, ENV.python) ?? 'python3';
