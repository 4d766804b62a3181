import { enableCompileCache } from 'node:module';

// Entry point of the model process: node model-main.ts <folder of the model>. The cache of compiled code speeds up
// restarts after a crash.
enableCompileCache();
await import('./model-process.ts');
