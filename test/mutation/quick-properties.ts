import fc from 'fast-check';

// Do not shrink counterexamples.
fc.configureGlobal({ endOnFailure: true });
