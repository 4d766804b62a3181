import { enableCompileCache } from 'node:module';

// The model process: node model-main.ts <folder of the model>. An instance starts it; see README.md. Restarts after a
// crash should be quick, so compiled code is kept between them.
enableCompileCache();
await import('./model-process.ts');
