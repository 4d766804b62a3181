import fc from 'fast-check';

// That a property fails is enough: its smallest counterexample is for people.
fc.configureGlobal({ endOnFailure: true });
