"""What a JUnit report of ours may consist of: junit_rules.py REPORT...

The rules are those of the schemas of Maven Surefire 3.0.2 and of Jenkins' xUnit plugin (junit-10),
and what Jenkins, GitLab and actions that read reports make of them. EXTRA is what the two do not know,
each for a reader that wants it. With --strict nothing of EXTRA may be there.
"""
import re
import sys
import xml.etree.ElementTree as xml

COUNT, TIME, STAMP = r'\d+', r'\d+\.\d{3}', r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d'
ATTRIBUTES = {
    'testsuites': {'name': '.+', 'tests': COUNT, 'failures': COUNT, 'errors': COUNT, 'time': TIME},
    'testsuite': {'name': '.+', 'file': '.+', 'timestamp': STAMP, 'tests': COUNT, 'failures': COUNT,
                  'errors': COUNT, 'skipped': COUNT, 'time': TIME},
    'properties': {},
    'property': {'name': '.+', 'value': '.*'},
    'testcase': {'classname': '.+', 'name': '.*', 'time': TIME},
    'failure': {'message': '.*', 'type': '[a-z]+'},
    'error': {'message': '.*', 'type': '[a-z]+'},
    'rerunFailure': {'message': '.*', 'type': '[a-z]+'},
    'flakyFailure': {'message': '.*', 'type': '[a-z]+'},
    'skipped': {},
    'stackTrace': {},
    'system-out': {},
}
OPTIONAL = {'skipped': {'message': '.+'}}
EXTRA = {
    'testsuites': {'skipped': COUNT, 'timestamp': STAMP},
    'testsuite': {'flakes': '[1-9]\\d*'},  # Surefire's
    'testcase': {'file': '.+', 'line': '[1-9]\\d*'},  # GitLab, CircleCI, action-junit-report
}
CHILDREN = {  # in this order: R, then what may follow it
    'testsuites': '(testsuite )*',
    'testsuite': 'properties (testcase )*(system-out )?',
    'properties': '(property )+',
    'testcase': '(properties )?((failure )(rerunFailure )*|(flakyFailure )*|(skipped )|(error ))(system-out )?',
    'rerunFailure': 'stackTrace ',
    'flakyFailure': 'stackTrace ',
}


def check(path, strict):
    root = xml.parse(path).getroot()
    assert root.tag == 'testsuites', root.tag
    for e in root.iter():
        known = {**ATTRIBUTES[e.tag], **OPTIONAL.get(e.tag, {}), **({} if strict else EXTRA.get(e.tag, {}))}
        for name, value in e.attrib.items():
            assert name in known, f'<{e.tag} {name}="{value}">: no such attribute'
            assert re.fullmatch(known[name], value, re.S), f'<{e.tag} {name}="{value}">'
        missing = [] if strict else ATTRIBUTES[e.tag].keys() - e.attrib.keys()
        assert not missing, f'<{e.tag}> has no {missing}'
        children = ''.join(child.tag + ' ' for child in e)
        assert re.fullmatch(CHILDREN.get(e.tag, ''), children), f'<{e.tag}> has {children}'
        for text in [e.text, e.tail, *e.attrib.values()]:
            assert not re.search('[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]|\x1b', text or ''), repr(text)
    if strict:
        assert not root.findall('.//testcase/properties')
        return
    seen, total = set(), dict.fromkeys(('tests', 'failures', 'errors', 'skipped'), 0)
    for suite in root:
        cases = suite.findall('testcase')
        counts = {'tests': len(cases), **{of: sum(c.find(tag) is not None for c in cases)
                                          for of, tag in (('failures', 'failure'), ('errors', 'error'), ('skipped', 'skipped'))}}
        assert {k: int(suite.get(k)) for k in counts} == counts, (suite.attrib, counts)
        assert int(suite.get('flakes', 0)) == sum(c.find('flakyFailure') is not None for c in cases)
        for of, n in counts.items():
            total[of] += n
        assert suite.get('name') not in seen, suite.get('name')
        seen.add(suite.get('name'))
        assert {c.get('classname') for c in cases} <= {suite.get('name')}
        assert {c.get('file') for c in cases} <= {suite.get('file')}
        names = [c.get('name') for c in cases]
        assert len(names) == len(set(names)), names
    assert {k: int(root.get(k)) for k in total} == total, (root.attrib, total)


arguments = [a for a in sys.argv[1:] if a != '--strict']
for report in arguments:
    try:
        check(report, '--strict' in sys.argv)
    except (AssertionError, KeyError, xml.ParseError) as error:
        sys.exit(f'{report}: {error!r}')
