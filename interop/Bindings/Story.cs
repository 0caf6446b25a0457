namespace Libvirtd.Interop.Bindings;

/// <summary>
/// What every binding's program does and prints, a line a step: it opens a connection; defines, lists, starts, suspends, reads and measures a
/// domain; makes, lists, reverts to and deletes snapshots; takes a screenshot by a stream; stops and starts a network; makes a volume, writes and
/// reads it by streams; destroys and undefines the domain; makes mistakes (what is printed: the error's code and domain); writes on the read-only
/// socket; and tells the lifecycle events that came meanwhile, as event:detail.
/// </summary>
internal static class Story
{
    public const string Text =
        """
        open TEST
        list story test
        started 1
        suspended 3
        xml story 65536
        info 65536 1
        stats 1
        snapshots first second
        reverted 1
        snapshots-left 0
        screenshot image/png PNG
        network virbr0 1
        network-stopped 0
        volumes story.img 1048576
        contents same
        destroyed 5
        unknown 42 12
        wrong-xml 21 20
        wrong-state 1 12
        read-only 29 20
        events 0:0 2:0 3:0 4:0 3:0 5:6 2:3 5:1 1:0

        """;

    /// <summary>
    /// The story as a binding tells it that lacks something, or tells it differently: each of <paramref name="changes"/> takes the place of the
    /// line of its step, or removes it when it is the step's name alone.
    /// </summary>
    public static string With(params IEnumerable<string> changes)
    {
        List<string> lines = [.. Text.Split('\n')];
        foreach (string change in changes)
        {
            int at = lines.FindIndex(line => Step(line) == Step(change));
            if (at < 0) throw new ArgumentException($"no step of the story: {change}", nameof(changes));
            lines[at] = change;
        }

        return string.Join('\n', lines.Where(line => line.Length == 0 || line != Step(line)));
    }

    private static string Step(string line) => line.Split(' ')[0];
}
