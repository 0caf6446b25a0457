using System.Globalization;
using System.Text;

namespace Libvirtd.Interop.Processes;

/// <summary>The stock client.</summary>
internal static class Virsh
{
    public const string Executable = "/usr/bin/virsh";

    /// <summary>Why virsh cannot run here; null when it can.</summary>
    public static string? Missing => File.Exists(Upstream.Path(Executable)) ? null : $"{Executable} is not installed (Debian package: libvirt-clients)";

    /// <summary>Runs one command.</summary>
    public static Task<Finished> RunAsync(string uri, string folder, CancellationToken stop, params string[] command) =>
        ProcessRunner.RunAsync(Executable, ["-c", uri, .. command], folder, stop);

    /// <summary>Starts one command beside the test.</summary>
    public static RunningProcess Start(string uri, string folder, params string[] command) =>
        RunningProcess.Start(Executable, ["-c", uri, .. command], folder);

    /// <summary>
    /// Runs commands in one process, one line each, so that all of them meet the state that the earlier ones left; returns the output of each.
    /// Relative file names in them are meant in <paramref name="folder"/>. When virsh cannot connect it runs nothing; what it says then is the
    /// output of the first command.
    /// </summary>
    /// <exception cref="InvalidOperationException">virsh gave up before the last command.</exception>
    public static async Task<IReadOnlyList<string>> RunBatchAsync(
        IReadOnlyList<string> options, string folder, IReadOnlyList<string> commands, CancellationToken stop)
    {
        StringBuilder input = new();
        for (int i = 0; i < commands.Count; i++) input.Append("echo ").Append(Marker(i)).Append('\n').Append(commands[i]).Append('\n');
        input.Append("echo ").Append(Marker(commands.Count)).Append('\n');

        Finished finished = await ProcessRunner.RunAsync(Executable, options, folder, stop, input.ToString());
        string[] outputs = new string[commands.Count];
        if (finished.Output.StartsWith("error: failed to connect", StringComparison.Ordinal))
        {
            Array.Fill(outputs, "");
            outputs[0] = finished.Output;
            return outputs;
        }

        int start = AfterMarker(finished.Output, 0, 0);
        for (int i = 0; i < commands.Count; i++)
        {
            int next = AfterMarker(finished.Output, i + 1, start);
            outputs[i] = Between(finished.Output, start, next, i + 1);
            start = next;
        }

        return outputs;
    }

    private static string Marker(int index) => string.Create(CultureInfo.InvariantCulture, $"===={index}====");

    private static int AfterMarker(string output, int index, int from)
    {
        // The marker stands twice: in the line that virsh echoes, and alone as the output of its echo command.
        string alone = $"\n{Marker(index)}\n";
        int at = output.IndexOf(alone, Math.Max(0, from - 1), StringComparison.Ordinal);
        if (at < 0) throw new InvalidOperationException($"virsh did not come to command {index}:\n{output}");
        return at + alone.Length;
    }

    // Cuts the echoed command (the first line) and the echoed marker (at the end, perhaps behind an unfinished line).
    private static string Between(string output, int start, int next, int marker)
    {
        string text = output[start..next];
        text = text[(text.IndexOf('\n', StringComparison.Ordinal) + 1)..];
        foreach (string prompt in (string[])["virsh # ", "virsh > "])
        {
            string end = $"{prompt}echo {Marker(marker)}\n{Marker(marker)}\n";
            if (text.EndsWith(end, StringComparison.Ordinal)) return text[..^end.Length];
        }

        throw new InvalidOperationException($"no prompt before marker {marker}:\n{output}");
    }
}
