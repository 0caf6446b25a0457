using System.Diagnostics;

namespace Libvirtd.Interop.Processes;

/// <summary>What an ended program left: its status, and both of its outputs in the order in which they were written.</summary>
public readonly record struct Finished(int Status, string Output);

/// <summary>Runs programs, those of upstream's system (<see cref="Upstream"/>) unless a method says otherwise, in a fixed environment, so that a user's language, time zone or configuration cannot change what they print.</summary>
internal static class ProcessRunner
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>Runs a program to its end, with <paramref name="input"/> as its standard input.</summary>
    /// <exception cref="TimeoutException">It did not end within two minutes and was killed.</exception>
    public static async Task<Finished> RunAsync(
        string program, IEnumerable<string> arguments, string folder, CancellationToken stop, string input = "")
    {
        await using RunningProcess process = RunningProcess.Start(program, arguments, folder);
        await process.WriteAsync(input, stop);
        process.CloseInput();
        return await process.WaitAsync(Limit, stop);
    }

    /// <summary>Starts a program of this machine whose two outputs go to one file.</summary>
    public static Process StartLogged(string program, IEnumerable<string> arguments, string log, string home, params (string Name, string Value)[] variables)
    {
        ProcessStartInfo start = Merged(program, arguments, home, log);
        foreach ((string name, string value) in variables) start.Environment[name] = value;
        start.RedirectStandardInput = true;
        Process process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start");
        process.StandardInput.Close();
        return process;
    }

    /// <summary>
    /// A start that merges standard error into standard output: two pipes would lose the order between an error and the text around it. The
    /// shell replaces itself by the program, so the process id is the program's.
    /// </summary>
    internal static ProcessStartInfo Merged(string program, IEnumerable<string> arguments, string folder, string? log = null)
    {
        ProcessStartInfo start = new("/bin/sh") { WorkingDirectory = folder, UseShellExecute = false };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(log is null ? "exec \"$@\" 2>&1" : "log=$1; shift; exec \"$@\" >\"$log\" 2>&1");
        start.ArgumentList.Add("sh");
        if (log is not null) start.ArgumentList.Add(log);
        start.ArgumentList.Add(program);
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        start.Environment["LC_ALL"] = "C.UTF-8";
        start.Environment["TZ"] = "UTC";
        start.Environment["TERM"] = "dumb"; // else readline colours and wraps the lines that virsh echoes
        start.Environment["VISUAL"] = "sed -i s/65536/131072/"; // for virsh edit
        start.Environment["HOME"] = folder;
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("XDG_", StringComparison.Ordinal)
                     || name.StartsWith("LIBVIRT_", StringComparison.Ordinal) || name.StartsWith("VIRSH_", StringComparison.Ordinal)).ToArray())
        {
            start.Environment.Remove(name);
        }

        return start;
    }
}
