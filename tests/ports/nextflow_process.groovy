// What Nextflow would make of a process: its shell script, and the names of its outputs, as JSON.
//
//   groovy nextflow_process.groovy main.nf script|stub inputs.json
//
// Groovy itself reads the blocks of the process; the directives are stand-ins that only tell what
// they were given. inputs.json has the variables of the input block and the map "task"; a text
// that starts with "file:" stands for a staged file. Not Nextflow, which is not needed here.

import groovy.json.JsonOutput
import groovy.json.JsonSlurper

def (path, chosen, given) = args
def source = new File(path).text

def block = { name ->
    def found = source =~ /(?ms)^ {4}${name}:\n(.*?)(?=^ {4}\w+:\n|^}\n)/
    if (!found.find()) throw new IllegalArgumentException("no block ${name}")
    found.group(1)
}

// A staged file: its name where it is interpolated, as in a task folder.
class Staged {
    String name
    String toString() { name }
}

def staged
staged = { value ->
    if (value instanceof List) return value.collect { staged(it) }
    value instanceof String && value.startsWith('file:') ? new Staged(name: value.substring(5)) : value
}

class Stand extends Script {
    def outputs = []
    def tuple(Map named, Object... parts) { outputs << [parts: parts as List] + named; null }
    def val(value) { [val: value.toString()] }
    def path(value) { [path: value.toString()] }
    def eval(value) { [eval: value.toString()] }
    def error(String message) { throw new IllegalStateException(message) }
    def propertyMissing(String name) { name }
    def run() {}
}

def variables = new JsonSlurper().parse(new File(given)).collectEntries { k, v -> [k, staged(v)] }
def binding = new Binding(variables + [moduleDir: '.', workflow: [containerEngine: null]])
def settings = new org.codehaus.groovy.control.CompilerConfiguration(scriptBaseClass: Stand.name)
def shell = new GroovyShell(this.class.classLoader, binding, settings)

def ready = shell.evaluate('(' + block('when').trim() + ') as boolean')
def command = shell.evaluate(block(chosen)).toString()
def told = shell.parse(block('output'))
told.run()
println JsonOutput.toJson([ready: ready, command: command.stripIndent(), outputs: told.outputs])
