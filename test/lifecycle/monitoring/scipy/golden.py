# Writes golden.json beside it: what SciPy answers. python3 -m pip install scipy==1.17.1, then python3 golden.py
import json
import pathlib

import numpy as np
from scipy import stats
from scipy.spatial import distance


def sample(seed, size, shift=0.0, spread=1.0, step=0.0):
    """The same numbers as `sample` in the test: a linear congruential generator, and arithmetic only."""
    state, values = seed, []
    for _ in range(size):
        total = 0.0
        for _ in range(3):
            state = (1664525 * state + 1013904223) % 2**32
            total += state / 2**32
        value = shift + spread * (total - 1.5)
        values.append(np.floor(value / step) * step if step else value)
    return np.array(values)


def ks():
    cases = []
    sizes = [(5, 5), (8, 13), (30, 30), (30, 50), (100, 100), (97, 1000), (1000, 1000), (999, 1000), (5000, 137)]
    sizes += [(10000, 10000), (2000, 3000), (10001, 20), (20000, 300), (10001, 10001), (30000, 20000)]
    for number, (m, n) in enumerate(sizes):
        for shift in (0.0, 0.01, 0.05, 0.2, 1.0):
            for step in (0.0, 0.125):
                a = {"seed": 2 * number + 1, "size": m, "step": step}
                b = {"seed": 2 * number + 2, "size": n, "step": step, "shift": shift}
                found = stats.ks_2samp(sample(**a), sample(**b))
                cases.append({"a": a, "b": b, "statistic": found.statistic, "p": found.pvalue})
    return cases


def kolmogorov():
    cases = []
    for n in (1, 2, 7, 20, 50, 139, 140, 141, 200, 1000, 5000, 50000, 99999, 100001, 1000000, 4000000):
        for z in (0.2, 0.3, 0.5, 0.7, 0.86, 1.0, 1.3, 1.48, 1.5, 2.0, 2.1, 3.0, 4.2, 6.0, 15.0):
            x = z / n**0.5
            if 0 < x < 1.1:
                cases.append({"n": n, "x": x, "p": stats.kstwo.sf(x, n)})
        for x in (0.6 / n, 0.99 / n, 1 - 0.5 / n, 0.55):
            cases.append({"n": n, "x": x, "p": stats.kstwo.sf(x, n)})
    return cases


def counts():
    cases = []
    tables = [([10, 20, 30], [11, 19, 30]), ([5, 0, 95], [10, 10, 80]), ([1, 1], [300, 900])]
    tables += [([500, 300, 200, 10, 3], [480, 310, 190, 20, 1]), ([3] * 40, list(range(1, 41)))]
    for observed, reference in tables:
        expected = np.array(reference) * sum(observed) / sum(reference)
        found = stats.chisquare(observed, expected)
        p, q = np.array(observed) / sum(observed), np.array(reference) / sum(reference)
        case = {"observed": observed, "reference": reference, "statistic": found.statistic, "p": found.pvalue}
        cases.append(case | {"jensenshannon": distance.jensenshannon(p, q)})
    return cases


def tails():
    chi = [(x, k) for k in (1, 2, 3, 10, 100, 1000) for x in (1e-6, 0.1, 1, 5, 20, 100, 900, 1100, 2000)]
    normal = [0, 1e-8, 0.1, 0.5, 1, 1.96, 3, 6]
    return {
        "chi": [{"x": x, "k": k, "p": stats.chi2.sf(x, k)} for x, k in chi],
        "z": [{"z": z, "p": 2 * stats.norm.sf(z)} for z in normal],
    }


def distances():
    cases = []
    for number, (m, n) in enumerate([(1, 1), (7, 5), (100, 100), (1500, 40), (5000, 3000), (2048, 2048)]):
        for shift, spread, step in [(0.0, 1.0, 0.0), (0.3, 1.0, 0.0), (0.0, 2.0, 0.25), (-2.0, 0.5, 0.0)]:
            a = {"seed": 100 + 2 * number, "size": m}
            b = {"seed": 101 + 2 * number, "size": n, "shift": shift, "spread": spread, "step": step}
            x, y = sample(**a), sample(**b)
            edges = np.histogram_bin_edges(np.concatenate([x, y]), bins="sturges")
            p, q = np.histogram(x, edges)[0] / len(x), np.histogram(y, edges)[0] / len(y)
            filled = [fill(p.copy()), fill(q.copy())]
            cases.append({
                "a": a, "b": b, "wasserstein": stats.wasserstein_distance(x, y),
                "jensenshannon": distance.jensenshannon(p, q),
                "psi": float(np.sum((filled[0] - filled[1]) * np.log(filled[0] / filled[1]))),
            })
    return cases


def fill(shares):
    least = min(shares[shares != 0])
    shares[shares == 0] = least / 10**6 if least <= 0.0001 else 0.0001
    return shares


golden = {"ks": ks(), "kolmogorov": kolmogorov(), "counts": counts(), "tails": tails(), "distances": distances()}
text = json.dumps(golden, default=float).replace('}, {', '},\n{').replace("inf", "Infinity")
pathlib.Path(__file__).with_name("golden.json").write_text(text + "\n")
