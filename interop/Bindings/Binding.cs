using Libvirtd.Interop.Processes;

namespace Libvirtd.Interop.Bindings;

/// <summary>A language's binding to libvirt, and its program that tells the story.</summary>
/// <param name="Packages">The Debian packages that must be there.</param>
/// <param name="Start">Gives the program to run and its first arguments; builds it when need be.</param>
/// <param name="Changes">How its story differs; see <see cref="Story.With"/>.</param>
internal sealed record Binding(string Name, string[] Packages, Func<CancellationToken, Task<string[]>> Start, params string[] Changes)
{
    private const string Python = "/usr/bin/python3";

    // What an error says, for those who give no codes.
    private static readonly (string Step, string Message)[] s_messages =
    [
        ("wrong-xml", "missing name information"),
        ("wrong-state", "internal error: Domain 'test' is already running"),
        ("read-only", "operation forbidden: read only access prevents virDomainSuspend"),
    ];

    public static IReadOnlyList<Binding> All { get; } =
    [
        new("python", ["python3-libvirt"], Script(Python, "python/story.py")),
        new("perl", ["libsys-virt-perl"], Script("/usr/bin/perl", "perl/story.pl")),
        new("ruby", ["ruby-libvirt"], Script("/usr/bin/ruby", "ruby/story.rb"),
            "stats"), // has no bulk statistics
        new("go-libvirt", ["golang-go", "golang-github-digitalocean-go-libvirt-dev"],
            async stop => [await Compiled.GoAsync("go-libvirt", stop)],
            "unknown 42", "wrong-xml 21", "wrong-state 1", "read-only 29"), // gives an error's code alone
        new("libvirt-go", ["golang-go", "golang-github-libvirt-libvirt-go-dev", "gcc", "libc6-dev", "libvirt-dev", "pkg-config"],
            async stop => [await Compiled.GoAsync("libvirt-go", stop)]),
        new("libvirt-dbus", ["libvirt-dbus", "dbus-daemon", "python3-gi", "gcc", "libc6-dev"],
            async stop => [Python, File("libvirt-dbus/story.py"), await Compiled.LibraryAsync("libvirt-dbus/address", stop)],
            ["open 2", "info", "screenshot", "contents", // has no streams
             "unknown org.libvirt.Error Domain not found", .. s_messages.Select(one => $"{one.Step} org.libvirt.Error {one.Message}")]),
        new("libvirt-glib", ["gir1.2-libvirt-glib-1.0", "python3-gi"], Script(Python, "libvirt-glib/story.py"),
            ["stats", "network virbr0", "network-stopped", "contents", "unknown", // looks names up in lists of its own
             .. s_messages.Zip(["Failed to create domain", "Unable to start domain", "Unable to suspend domain"],
                 (one, doing) => $"{one.Step} {doing}: {one.Message}"),
             "events added started suspended resumed suspended stopped started stopped removed"]), // which are signals here
    ];

    /// <summary>Why the binding cannot be used here; null when it can.</summary>
    public string? Missing => Debian.Missing(Packages);

    private static Func<CancellationToken, Task<string[]>> Script(string interpreter, string path) =>
        _ => Task.FromResult<string[]>([interpreter, File(path)]);

    private static string File(string path) => Path.Combine(AppContext.BaseDirectory, path);
}
