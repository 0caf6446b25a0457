using System.Collections.Concurrent;
using Libvirtd.Interop.Processes;

namespace Libvirtd.Interop.Bindings;

/// <summary>Compiles what the bindings' programs need: once for all tests, into <c>.run/interop</c>, where Go also keeps what it may use again.</summary>
internal static class Compiled
{
    private static readonly ConcurrentDictionary<string, Lazy<Task<string>>> s_built = new();

    /// <summary>Builds <c>NAME/story.go</c> with the packages that Debian installs, without a network; returns the program.</summary>
    public static Task<string> GoAsync(string name, CancellationToken stop) => BuildAsync(
        $"{name}/story", ".go",
        (source, target) =>
        [
            "GO111MODULE=off", "GOFLAGS=", "GOPATH=/usr/share/gocode", $"GOCACHE={Folder("go")}", "/usr/bin/go", "build", "-o", target, source,
        ],
        stop);

    /// <summary>Builds <c>NAME.c</c>; returns the shared library.</summary>
    public static Task<string> LibraryAsync(string name, CancellationToken stop) =>
        BuildAsync(name, ".c", (source, target) => ["/usr/bin/gcc", "-Wall", "-O1", "-shared", "-fPIC", "-o", target, source], stop);

    private static Task<string> BuildAsync(string name, string extension, Func<string, string, string[]> command, CancellationToken stop) =>
        s_built.GetOrAdd(name, _ => new(async () =>
        {
            string target = Path.Combine(Folder("bin"), name.Replace('/', '-'));
            string source = Path.Combine(AppContext.BaseDirectory, name + extension);
            Finished finished = await ProcessRunner.RunAsync("/usr/bin/env", command(source, target), Folder("bin"), stop);
            return finished.Status == 0 ? target : throw new InvalidOperationException($"{source} cannot be built:\n{finished.Output}");
        })).Value;

    private static string Folder(string name) => Directory.CreateDirectory(Path.Combine(Repository.Root, ".run", "interop", name)).FullName;
}
